import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a webhook was told, and by whom. */
export interface Call {
  /** The `eventId`. */
  id: string;
  body: Record<string, unknown>;
  /** How often the call is signed: twice while a secret is changed. */
  signatures: string[];
  signed: string;
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Somebody who is called by webhooks: takes what it is told, or answers what a test wants. */
export class Receiver {
  readonly calls: Call[] = [];
  /** What it answers from now on. */
  status = 204;
  private readonly server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const read = (name: string) => String(request.headers[`webhook-${name}`]);
      if (this.status < 300) {
        const [id, signatures] = [read('id'), read('signature').split(' ')];
        this.calls.push({ id, body: JSON.parse(text) as Record<string, unknown>, signatures, signed: `${id}.${read('timestamp')}.${text}` });
      }
      response.writeHead(this.status).end();
    });
  });

  static async listen(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((ready) => receiver.server.listen(0, '127.0.0.1', ready));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/owl`;
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((closed) => this.server.close(() => closed()));
  }
}

/** As Standard Webhooks say. */
export function isSignedWith(secret: string, { signed, signatures }: Call): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return signatures.includes(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
}

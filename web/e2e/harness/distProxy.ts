import { readFile } from 'node:fs/promises';
import { createServer, request as sendRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { extname, join, normalize } from 'node:path';

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.webmanifest': 'application/manifest+json',
};
const OF_SERVER = /^\/(?:api|socket\.io|docs|health|metrics|hub|stomp|sockjs|ws|admin)(?:[/?-]|$)/;

/**
 * A server in front of the server that hands out `web/dist` as it is now, for those who work on the dashboard: the binary has the
 * dashboard of its own build. Where there is no server behind it, it breaks connections, as a stopped server does.
 */
export class DistProxy {
  private readonly server: Server;
  /** Connections that were upgraded are none of the server's any more. */
  private readonly upgraded = new Set<Duplex>();
  private policy: string | null = null;
  /** Takes requests and answers none, as networks do that let nothing through. */
  silent = false;

  constructor(
    private readonly dist: string,
    private readonly readTarget: () => URL | null,
    private readonly basePath = '',
  ) {
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.on('upgrade', (request: IncomingMessage, socket, head) => {
      const target = this.readTarget();
      if (!target) return socket.destroy();
      this.upgraded.add(socket);
      socket.on('close', () => this.upgraded.delete(socket));
      const behind = connect(Number(target.port), target.hostname, () => {
        const headers = request.rawHeaders.reduce((text, part, at) => text + part + (at % 2 ? '\r\n' : ': '), '');
        behind.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
        behind.write(head);
        behind.pipe(socket).pipe(behind);
      });
      behind.on('error', () => socket.destroy());
      socket.on('error', () => behind.destroy());
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((ready) => this.server.listen(0, '127.0.0.1', ready));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  breakConnections(): void {
    this.server.closeAllConnections();
    for (const socket of this.upgraded) socket.destroy();
  }

  close(): Promise<void> {
    this.breakConnections();
    return new Promise((closed) => this.server.close(() => closed()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = this.readTarget();
    if (!target) return void request.socket.destroy();
    if (this.silent) return;
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    if (pathname === this.basePath) return this.pass(target, request, response);
    if (!pathname.startsWith(`${this.basePath}/`)) return void response.writeHead(404).end();
    const path = pathname.slice(this.basePath.length);
    if (OF_SERVER.test(path)) return this.pass(target, request, response);
    const file = await this.readFileOfPath(path);
    if (!file) return void response.writeHead(404).end();
    const headers: Record<string, string> = {
      'Content-Type': TYPES[extname(file.name)] ?? 'application/octet-stream',
      'Cache-Control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'Content-Security-Policy': await this.readPolicyOfServer(target),
    };
    if (file.coding) headers['Content-Encoding'] = file.coding;
    response.writeHead(200, headers).end(file.content);
  }

  /** What scripts and styles may do is the server's to say, of this build as of its own. */
  private async readPolicyOfServer(target: URL): Promise<string> {
    this.policy ??= (await fetch(new URL(`${this.basePath}/`, target))).headers.get('content-security-policy') ?? '';
    return this.policy;
  }

  private async readFileOfPath(path: string): Promise<{ name: string; content: Buffer | string; coding?: string } | null> {
    if (extname(path)) {
      const file = join(this.dist, normalize(path));
      const [plain, compressed] = await Promise.all([file, `${file}.gz`].map((name) => readFile(name).catch(() => null)));
      if (!plain) return null;
      return compressed ? { name: path, content: compressed, coding: 'gzip' } : { name: path, content: plain };
    }
    const page = await readFile(join(this.dist, 'index.html'), 'utf8');
    const content = page
      .replaceAll('="./', `="${this.basePath}/`)
      .replace('name="owlpost-base-path" content=""', `name="owlpost-base-path" content="${this.basePath}"`);
    return { name: 'index.html', content };
  }

  private pass(target: URL, request: IncomingMessage, response: ServerResponse): void {
    const { method, headers, url } = request;
    const behind = sendRequest({ host: target.hostname, port: target.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    behind.on('error', () => request.socket.destroy());
    response.on('close', () => behind.destroy());
    request.pipe(behind);
  }
}

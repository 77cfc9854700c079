import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createStoreForServer, type TestStore } from './database';
import { DistProxy } from './distProxy';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 35_000;

export const JWT_SECRET = 'a secret for tests only, long enough for HS256';

function findServerBinary(): string {
  const path = process.env.OWLPOST_BIN;
  if (!path) throw new Error('Set OWLPOST_BIN to the path of the owlpost binary');
  return resolve(path);
}

/** The real binary, with its own data, on a free port. Its log is kept to be shown when a test fails. */
export class TestServer {
  private process: ChildProcess | null = null;
  private readonly lines: string[] = [];
  /** The address of the process itself; `url` is where the dashboard is. */
  private ownUrl = '';
  private readonly proxy: DistProxy | null;
  url = '';

  private constructor(
    private readonly store: TestStore,
    private readonly env: Record<string, string>,
  ) {
    const dist = process.env.E2E_DIST;
    const readTarget = () => (this.process ? new URL(this.ownUrl) : null);
    this.proxy = dist ? new DistProxy(resolve(dist), readTarget, env.BASE_PATH) : null;
  }

  static async start(env: Record<string, string> = {}): Promise<TestServer> {
    const server = new TestServer(await createStoreForServer(), env);
    await server.startProcessOnPort(0);
    server.url = server.proxy ? await server.proxy.listen() : server.ownUrl;
    return server;
  }

  get log(): string {
    return this.lines.join('');
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  private async startProcessOnPort(port: number): Promise<void> {
    const inherited = { ...process.env };
    delete inherited.DATABASE_URL;
    delete inherited.REDIS_URL;
    const child = spawn(findServerBinary(), ['serve', '--host', '127.0.0.1', '--port', String(port), '--demo', ...this.store.args], {
      env: {
        ...inherited,
        JWT_SECRET,
        RATE_LIMIT_AUTH: '0',
        RATE_LIMIT_REGISTER: '0',
        RATE_LIMIT_HTTP: '0',
      RATE_LIMIT_NOTIFY: '0',
        RATE_LIMIT_EVENTS: '0',
        ...this.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    this.ownUrl = await this.waitForReadyLine(child);
  }

  private waitForReadyLine(child: ChildProcess): Promise<string> {
    return new Promise((found, failed) => {
      const fail = (why: string) => failed(new Error(`The server ${why}. Its log:\n${this.log}`));
      const deadline = setTimeout(() => fail('was not ready in time'), START_DEADLINE_MS);
      const read = (chunk: Buffer) => {
        this.lines.push(chunk.toString());
        const match = /listening on (http:\/\/\S+)/.exec(this.log.slice(this.log.lastIndexOf('Owl Post is')));
        if (!match?.[1]) return;
        clearTimeout(deadline);
        found(match[1]);
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', (chunk: Buffer) => this.lines.push(chunk.toString()));
      child.once('exit', (code) => {
        clearTimeout(deadline);
        fail(`ended with ${code}`);
      });
      child.once('error', (error) => fail(`did not start: ${error.message}`));
    });
  }

  /** Ends the process; its data stays. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.process;
    this.process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT');
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await gone;
    clearTimeout(deadline);
  }

  /** Stops the process where it stands: its connections stay open, and nothing answers. */
  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  unpause(): void {
    this.process?.kill('SIGCONT');
  }

  /** Comes back at the same address with the same data. */
  async resume(): Promise<void> {
    const port = Number(new URL(this.ownUrl).port);
    this.lines.push('\n--- restarted ---\n');
    await this.startProcessOnPort(port);
  }

  async stop(): Promise<void> {
    await this.halt();
    await this.proxy?.close();
    await this.store.remove();
  }
}

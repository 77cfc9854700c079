type Listener = (...values: unknown[]) => void;

/** What the client library says, and no server. */
const OF_THE_LIBRARY = ['connect', 'connect_error', 'disconnect'];

/** Stands in for the socket: says what a test has it say, and answers calls as the test wants. */
export class FakeSocket {
  connected = false;
  active = true;
  readonly emitted: [name: string, payload: unknown][] = [];
  readonly io = { engine: { transport: { name: 'websocket' }, on: () => undefined, off: () => undefined, once: () => undefined, close: () => undefined } };
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly anyListeners = new Set<Listener>();
  auth: (give: (auth: Record<string, unknown>) => void) => void = () => undefined;
  /** What calls are answered with; `null`: nothing comes in time. */
  answer: (name: string, payload: unknown) => unknown = () => ({ ok: true, users: [] });

  on(name: string, listener: Listener): this {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
    return this;
  }

  onAny(listener: Listener): this {
    this.anyListeners.add(listener);
    return this;
  }

  off(name: string, listener: Listener): this {
    this.listeners.get(name)?.delete(listener);
    return this;
  }

  timeout(): this {
    return this;
  }

  emit(name: string, payload: unknown, told?: Listener): void {
    this.emitted.push([name, payload]);
    const answer = this.answer(name, payload);
    told?.(answer === null ? new Error('operation has timed out') : null, answer);
  }

  connect(): void {
    // The server's word comes with `open`.
  }

  disconnect(): void {
    if (this.connected) this.lose('io client disconnect');
  }

  /** Connects, and acknowledges it; what the server was told. */
  open(acknowledgement: object): Record<string, unknown> {
    let told: Record<string, unknown> = {};
    this.auth((auth) => (told = auth));
    this.connected = true;
    this.receive('connect');
    this.receive('connection:acknowledged', acknowledgement);
    return told;
  }

  lose(reason: string): void {
    this.connected = false;
    this.receive('disconnect', reason);
  }

  receive(name: string, ...values: unknown[]): void {
    if (!OF_THE_LIBRARY.includes(name)) for (const listener of this.anyListeners) listener(name, ...values);
    for (const listener of [...(this.listeners.get(name) ?? [])]) listener(...values);
  }
}

type Listener = (...values: unknown[]) => void;

/** What the client library says, and no server. */
const OF_THE_LIBRARY = ['connect', 'connect_error', 'disconnect'];

/** Stands in for the socket of the dashboard: connects at once, agrees to every call, and says what a test has it say. */
export class FakeSocket {
  connected = false;
  active = true;
  readonly io = { engine: { transport: { name: 'websocket' }, on: () => undefined, off: () => undefined, once: () => undefined, close: () => undefined } };
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly anyListeners = new Set<Listener>();

  /** Tells the server from where this page wants to go on; the client sets it. */
  auth: (give: (auth: unknown) => void) => void = () => undefined;

  constructor(private readonly acknowledge: () => unknown) {}

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

  connect(): void {
    this.connected = true;
    this.auth(() => undefined);
    this.receive('connect');
    this.receive('connection:acknowledged', this.acknowledge());
  }

  disconnect(): void {
    this.connected = false;
  }

  timeout(): this {
    return this;
  }

  emit(_name: string, payload: { room?: string }, answer?: Listener): void {
    answer?.(null, { ok: true, room: payload.room, users: [], count: 0 });
  }

  receive(name: string, ...values: unknown[]): void {
    if (!OF_THE_LIBRARY.includes(name)) for (const listener of this.anyListeners) listener(name, ...values);
    for (const listener of [...(this.listeners.get(name) ?? [])]) listener(...values);
  }
}

import { HeartbeatWatch } from './heartbeat';
import type { LinkStore } from './link';
import type { OwlSocket } from './socket';

/** Outside of a browser, as in Node, nobody says whether there is a network. */
const isWithoutPage = typeof document === 'undefined';

/** This long without an answer counts as offline. */
const OFFLINE_AFTER_MS = 15_000;

/** Watches the transport and, in a browser, the machine's network; keeps the link state, and reconnects as soon as it may help. */
export class LinkMonitor {
  #offlineTimer: ReturnType<typeof setTimeout> | null = null;
  readonly #heartbeat = new HeartbeatWatch(() => this.reconnectWithoutDelay());
  readonly #socket: OwlSocket;
  readonly #link: LinkStore;

  constructor(socket: OwlSocket, link: LinkStore) {
    this.#socket = socket;
    this.#link = link;
  }

  start(): void {
    this.#socket.on('connect', this.#noticeConnected);
    this.#socket.on('disconnect', this.#noticeLost);
    this.#socket.on('connect_error', this.#noticeLost);
    if (isWithoutPage) return;
    window.addEventListener('offline', this.#noticeNetworkGone);
    window.addEventListener('online', this.#noticeNetworkBack);
    document.addEventListener('visibilitychange', this.#noticePageShown);
    if (!navigator.onLine) this.#noticeNetworkGone();
  }

  stop(): void {
    this.#socket.off('connect', this.#noticeConnected);
    this.#socket.off('disconnect', this.#noticeLost);
    this.#socket.off('connect_error', this.#noticeLost);
    this.#heartbeat.stop();
    this.#clearTimerOfOffline();
    if (isWithoutPage) return;
    window.removeEventListener('offline', this.#noticeNetworkGone);
    window.removeEventListener('online', this.#noticeNetworkBack);
    document.removeEventListener('visibilitychange', this.#noticePageShown);
  }

  /** Gives up waiting for the next attempt and makes it now. */
  reconnectWithoutDelay(): void {
    this.#socket.disconnect();
    this.#socket.connect();
  }

  #clearTimerOfOffline(): void {
    if (this.#offlineTimer) clearTimeout(this.#offlineTimer);
    this.#offlineTimer = null;
  }

  readonly #noticeConnected = (): void => {
    this.#clearTimerOfOffline();
    const engine = this.#socket.io.engine;
    this.#heartbeat.watchEngineUntilStopped(engine);
    const readTransportName = () => (engine.transport.name === 'websocket' ? 'websocket' : 'polling');
    this.#link.set({ transport: readTransportName() });
    engine.once('upgrade', () => this.#link.set({ transport: readTransportName() }));
  };

  readonly #noticeLost = (): void => {
    this.#heartbeat.stop();
    if (!isWithoutPage && !navigator.onLine) {
      this.#noticeNetworkGone();
      return;
    }
    if (this.#link.get().status !== 'offline') this.#link.set({ status: 'reconnecting', transport: null });
    this.#offlineTimer ??= setTimeout(() => this.#link.set({ status: 'offline' }), OFFLINE_AFTER_MS);
  };

  readonly #noticeNetworkGone = (): void => {
    this.#link.set({ status: 'offline', transport: null });
    // A dead network can look alive for a minute: do not wait for the missing heartbeat.
    if (this.#socket.connected) this.#socket.io.engine.close();
  };

  readonly #noticeNetworkBack = (): void => {
    this.#clearTimerOfOffline();
    this.#link.set({ status: 'reconnecting' });
    this.reconnectWithoutDelay();
  };

  readonly #noticePageShown = (): void => {
    if (!document.hidden && !this.#socket.connected && navigator.onLine) this.reconnectWithoutDelay();
  };
}

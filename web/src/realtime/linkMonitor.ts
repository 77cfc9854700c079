import { HeartbeatWatch } from './heartbeat';
import { linkStore } from './linkStore';
import type { OwlSocket } from './socket';

/** This long without an answer counts as offline. */
const OFFLINE_AFTER_MS = 15_000;

/** Watches the transport and the machine's network, keeps the link state, and reconnects as soon as it may help. */
export class LinkMonitor {
  private offlineTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly heartbeat = new HeartbeatWatch(() => this.reconnectWithoutDelay());

  constructor(private readonly socket: OwlSocket) {}

  start(): void {
    this.socket.on('connect', this.noticeConnected);
    this.socket.on('disconnect', this.noticeLost);
    this.socket.on('connect_error', this.noticeLost);
    window.addEventListener('offline', this.noticeNetworkGone);
    window.addEventListener('online', this.noticeNetworkBack);
    document.addEventListener('visibilitychange', this.noticePageShown);
    if (!navigator.onLine) this.noticeNetworkGone();
  }

  stop(): void {
    this.socket.off('connect', this.noticeConnected);
    this.socket.off('disconnect', this.noticeLost);
    this.socket.off('connect_error', this.noticeLost);
    window.removeEventListener('offline', this.noticeNetworkGone);
    window.removeEventListener('online', this.noticeNetworkBack);
    document.removeEventListener('visibilitychange', this.noticePageShown);
    this.heartbeat.stop();
    this.clearTimerOfOffline();
  }

  /** Gives up waiting for the next attempt and makes it now. */
  reconnectWithoutDelay(): void {
    this.socket.disconnect();
    this.socket.connect();
  }

  private clearTimerOfOffline(): void {
    if (this.offlineTimer) clearTimeout(this.offlineTimer);
    this.offlineTimer = null;
  }

  private readonly noticeConnected = (): void => {
    this.clearTimerOfOffline();
    const engine = this.socket.io.engine;
    this.heartbeat.watchEngineUntilStopped(engine);
    const readTransportName = () => (engine.transport.name === 'websocket' ? 'websocket' : 'polling');
    linkStore.set({ transport: readTransportName() });
    engine.once('upgrade', () => linkStore.set({ transport: readTransportName() }));
  };

  private readonly noticeLost = (): void => {
    this.heartbeat.stop();
    if (!navigator.onLine) {
      this.noticeNetworkGone();
      return;
    }
    if (linkStore.get().status !== 'offline') linkStore.set({ status: 'reconnecting', transport: null });
    this.offlineTimer ??= setTimeout(() => linkStore.set({ status: 'offline' }), OFFLINE_AFTER_MS);
  };

  private readonly noticeNetworkGone = (): void => {
    linkStore.set({ status: 'offline', transport: null });
    // A dead network can look alive for a minute: do not wait for the missing heartbeat.
    if (this.socket.connected) this.socket.io.engine.close();
  };

  private readonly noticeNetworkBack = (): void => {
    this.clearTimerOfOffline();
    linkStore.set({ status: 'reconnecting' });
    this.reconnectWithoutDelay();
  };

  private readonly noticePageShown = (): void => {
    if (!document.hidden && !this.socket.connected && navigator.onLine) this.reconnectWithoutDelay();
  };
}

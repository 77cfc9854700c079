import type { OwlSocket } from './socket';

/** What a packet may be late by on a slow line. */
export const HEARTBEAT_GRACE_MS = 3_000;
/** What servers of Engine.IO do unless they are told otherwise. */
const USUAL_INTERVAL_MS = 25_000;

type Engine = OwlSocket['io']['engine'];

/** How often this server has promised to be heard; the client library keeps the handshake to itself. */
function readIntervalOfHeartbeat(engine: Engine): number {
  const { _pingInterval: told } = engine as unknown as { _pingInterval?: number };
  return typeof told === 'number' && told > 0 ? told : USUAL_INTERVAL_MS;
}

/**
 * Listens for life: any packet of the server counts. One that is late by more than the grace means that nobody is known to be
 * there, long before the client library gives the connection up.
 */
export class HeartbeatWatch {
  #engine: Engine | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #heardAt = 0;
  readonly #onSilence: () => void;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  watchEngineUntilStopped(engine: Engine): void {
    this.stop();
    this.#engine = engine;
    engine.on('heartbeat', this.#noteLife);
    this.#noteLife();
    this.#waitForSilence(readIntervalOfHeartbeat(engine) + HEARTBEAT_GRACE_MS);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#engine?.off('heartbeat', this.#noteLife);
    this.#engine = null;
  }

  readonly #noteLife = (): void => {
    this.#heardAt = Date.now();
  };

  /** One timer for a whole interval, whatever arrives meanwhile: a burst must not set hundreds. */
  #waitForSilence(longestMs: number): void {
    const left = this.#heardAt + longestMs - Date.now();
    this.#timer = setTimeout(() => {
      if (Date.now() - this.#heardAt < longestMs) this.#waitForSilence(longestMs);
      else {
        this.stop();
        this.#onSilence();
      }
    }, Math.max(left, 0));
  }
}

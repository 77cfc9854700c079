import type { CredentialSource } from './credentials';
import { computeRenewalDelayForToken } from './session';

const RETRY_MS = 5_000;
const LONGEST_TIMER_MS = 2_000_000_000;

/**
 * Keeps the access token fresh: renews it before it expires, and tells of every new one, whoever got it.
 */
export class TokenKeeper {
  #timer: ReturnType<typeof setTimeout> | null = null;
  #unsubscribe: (() => void) | null = null;
  #known: string | null = null;
  readonly #credentials: CredentialSource;
  readonly #onNewToken: (token: string) => void;

  constructor(credentials: CredentialSource, onNewToken: (token: string) => void) {
    this.#credentials = credentials;
    this.#onNewToken = onNewToken;
  }

  start(): void {
    this.#known = this.#credentials.get()?.accessToken ?? null;
    this.#unsubscribe = this.#credentials.subscribe(() => this.#noticeChangedSession());
    this.#scheduleNextRenewal();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #noticeChangedSession(): void {
    const token = this.#credentials.get()?.accessToken ?? null;
    if (token === this.#known) return;
    this.#known = token;
    if (token === null) return;
    this.#onNewToken(token);
    this.#scheduleNextRenewal();
  }

  #scheduleNextRenewal(atLeastMs = 0): void {
    if (this.#timer) clearTimeout(this.#timer);
    const known = this.#credentials.get();
    const dueMs = known && computeRenewalDelayForToken(known, Date.now());
    if (dueMs === null) return;
    const delay = Math.max(atLeastMs, dueMs);
    this.#timer = setTimeout(() => this.#renewTokenWhenDue(), Math.min(delay, LONGEST_TIMER_MS));
  }

  #renewTokenWhenDue(): void {
    // Somebody else, such as another tab, may have renewed it a moment ago, and its news be still on the way.
    if (this.#credentials.get()?.accessToken !== this.#known) this.#noticeChangedSession();
    else if (this.#known !== null) void this.renewTokenNow(this.#known);
  }

  /** Replaces a token, unless somebody has done so already. True when there is one that differs from it now. */
  async renewTokenNow(staleToken: string): Promise<boolean> {
    if (!this.#credentials.canRenew) return false;
    const renewed = await this.#credentials.renew(staleToken);
    if (!renewed && this.#unsubscribe) this.#scheduleNextRenewal(RETRY_MS);
    return renewed !== null;
  }
}

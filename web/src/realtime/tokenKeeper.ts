import { sessionStore } from '../lib/session';
import { computeRenewalDelayForSession, renewSessionWithSharedLock } from '../lib/sessionRenewal';

const RETRY_MS = 5_000;
const LONGEST_TIMER_MS = 2_000_000_000;

/**
 * Keeps the access token fresh: renews it before it expires, and tells of every new one, whichever tab got it.
 */
export class TokenKeeper {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private unsubscribe: (() => void) | null = null;
  private known: string | null = null;

  constructor(private readonly onNewToken: (token: string) => void) {}

  start(): void {
    this.known = sessionStore.get()?.accessToken ?? null;
    this.unsubscribe = sessionStore.subscribe(() => this.noticeChangedSession());
    this.scheduleNextRenewal();
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.unsubscribe?.();
    this.unsubscribe = null;
  }

  private noticeChangedSession(): void {
    const token = sessionStore.get()?.accessToken ?? null;
    if (token === this.known) return;
    this.known = token;
    if (token === null) return;
    this.onNewToken(token);
    this.scheduleNextRenewal();
  }

  private scheduleNextRenewal(atLeastMs = 0): void {
    if (this.timer) clearTimeout(this.timer);
    const session = sessionStore.get();
    if (!session) return;
    const delay = Math.max(atLeastMs, computeRenewalDelayForSession(session, Date.now()));
    this.timer = setTimeout(() => this.renewTokenWhenDue(), Math.min(delay, LONGEST_TIMER_MS));
  }

  private renewTokenWhenDue(): void {
    // Another tab may have renewed it a moment ago, and its news be still on the way.
    if (sessionStore.get()?.accessToken !== this.known) this.noticeChangedSession();
    else if (this.known !== null) void this.renewTokenNow(this.known);
  }

  /** Replaces a token, unless another tab has done so already. True when there is one that differs from it now. */
  async renewTokenNow(staleToken: string): Promise<boolean> {
    if (!sessionStore.get()) return false;
    const renewed = await renewSessionWithSharedLock(staleToken);
    if (!renewed && this.unsubscribe) this.scheduleNextRenewal(RETRY_MS);
    return renewed !== null;
  }
}

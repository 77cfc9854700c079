import type { TokenGrant } from '../generated/rest';
import { addBasePathTo } from './basePath';
import { startBoundOfRequest } from './requestBound';
import { forgetSessionOfThisBrowser, saveSessionFromTokenAnswer, sessionStore, type Session } from './session';
import { runInOneTabAtATime } from './tabLock';

const LOCK_NAME = 'owlpost.session.renewal';
const PROPAGATION_MS = 100;
const NEWS_DEADLINE_MS = 2_000;

/** What one tab stores reaches the others a moment later: the lock is held that long, so that the next one sees it. */
function waitForOtherTabs(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PROPAGATION_MS));
}

/** Another tab held the lock, so it has most likely renewed the token: its news may come after the lock. */
async function waitForNewsOfOtherTab(staleToken: string): Promise<void> {
  const deadline = Date.now() + NEWS_DEADLINE_MS;
  while (sessionStore.get()?.accessToken === staleToken && Date.now() < deadline) await waitForOtherTabs();
}

async function exchangeRefreshTokenForSession(session: Session): Promise<Session | null> {
  let response: Response;
  let grant: TokenGrant | null;
  const bound = startBoundOfRequest();
  try {
    response = await fetch(addBasePathTo('/api/auth/refresh'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ refreshToken: session.refreshToken }),
      signal: bound.signal,
    });
    grant = response.ok ? ((await response.json()) as TokenGrant) : null;
  } catch {
    return null; // Unreachable is not refused: keep the session and try again later.
  } finally {
    bound.end();
  }
  if (grant) {
    const renewed = saveSessionFromTokenAnswer(grant);
    await waitForOtherTabs();
    return renewed;
  }
  if (response.status !== 401 && response.status !== 403 && response.status !== 400) return null;
  const current = sessionStore.get();
  if (current && current.refreshToken !== session.refreshToken) return current;
  forgetSessionOfThisBrowser(Date.now() < session.expiresAt ? 'ended' : 'lapsed');
  return null;
}

// A refresh token is good once: two tabs that used the same one would look like a thief and lose the whole family.
let inFlight: Promise<Session | null> | null = null;

/**
 * Replaces the access token `staleToken`. When another request or tab has replaced it meanwhile, that one is used.
 * `null`: no new token now (unreachable, or refused, in which case the session is gone).
 */
export function renewSessionWithSharedLock(staleToken: string): Promise<Session | null> {
  inFlight ??= runInOneTabAtATime(LOCK_NAME, async (waited) => {
    if (waited) await waitForNewsOfOtherTab(staleToken);
    const current = sessionStore.get();
    if (!current) return null;
    if (current.accessToken !== staleToken) return current;
    return await exchangeRefreshTokenForSession(current);
  }).finally(() => {
    inFlight = null;
  });
  return inFlight;
}

/** Milliseconds from now until the token should be renewed: a fifth of its life before its end, a minute at most. */
export function computeRenewalDelayForSession(session: Session, now: number): number {
  const life = Math.max(0, session.expiresAt - session.issuedAt);
  const margin = Math.min(60_000, life / 5);
  return Math.max(0, session.expiresAt - margin - now);
}

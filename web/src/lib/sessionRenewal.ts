import type { Session } from '@owlpost/client';
import { sessionStore } from './session';
import { runInOneTabAtATime } from './tabLock';

const LOCK_NAME = 'owlpost.session.renewal';
const PROPAGATION_MS = 100;
const NEWS_DEADLINE_MS = 2_000;

/** What one tab stores reaches the others a moment later: the lock is held that long, so that the next one sees it. */
function waitForOtherTabs(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PROPAGATION_MS));
}

function isStillTheToken(stale: string): boolean {
  return sessionStore.get()?.accessToken === stale;
}

/** Another tab held the lock, so it has most likely renewed the token: its news may come after the lock. */
async function waitForNewsOfOtherTab(stale: string): Promise<void> {
  const deadline = Date.now() + NEWS_DEADLINE_MS;
  while (isStillTheToken(stale) && Date.now() < deadline) await waitForOtherTabs();
}

/** Renews the token `stale` in one tab of this browser, whose login all of them share; the others take what it got. */
export function renewInOneTabAtATime(renew: () => Promise<Session | null>, stale: string): Promise<Session | null> {
  return runInOneTabAtATime(LOCK_NAME, async (waited) => {
    if (waited) await waitForNewsOfOtherTab(stale);
    const isMine = isStillTheToken(stale);
    const renewed = await renew();
    if (isMine && renewed) await waitForOtherTabs();
    return renewed;
  });
}

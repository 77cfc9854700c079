import { createPersistedStoreForKey } from './persistedStore';

/**
 * Why a sign-in is over that nobody here has ended, as far as can be known: the server says no more than that its tokens are refused.
 * - `ended`: they were refused while they should have been good
 * - `lapsed`: the last one was too old anyway, so it may have expired, or been ended meanwhile
 */
export type SignedOutReason = 'ended' | 'lapsed';

/** For every tab of this browser, until somebody signs in. */
export const signedOutStore = createPersistedStoreForKey<SignedOutReason | null>('owlpost.signedOut', (stored) =>
  stored === 'ended' || stored === 'lapsed' ? stored : null,
);

import { useSyncExternalStore } from 'react';
import type { User } from '../generated';
import type { TokenGrant } from '../generated/rest';
import { isSamePerson } from './people';
import { createPersistedStoreForKey } from './persistedStore';
import { signedOutStore, type SignedOutReason } from './signedOut';

/** Who is signed in, and the tokens that prove it. Times are milliseconds of this machine's clock. */
export interface Session {
  user: User;
  accessToken: string;
  refreshToken: string;
  issuedAt: number;
  expiresAt: number;
}

function parseStoredSessionOrNull(stored: unknown): Session | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const session = stored as Partial<Session>;
  if (!session.user || !session.accessToken || !session.refreshToken) return null;
  return session as Session;
}

export const sessionStore = createPersistedStoreForKey('owlpost.session', parseStoredSessionOrNull);

export function saveSessionFromTokenAnswer(answer: TokenGrant): Session {
  const now = Date.now();
  const session = {
    user: answer.user,
    accessToken: answer.accessToken,
    refreshToken: answer.refreshToken,
    issuedAt: now,
    expiresAt: now + answer.expiresIn * 1000,
  };
  signedOutStore.set(null);
  sessionStore.set(session);
  return session;
}

/** Takes over a changed role, name or address without touching the tokens. */
export function updateUserOfCurrentSession(user: User): void {
  const session = sessionStore.get();
  if (!session || session.user.id !== user.id) return;
  if (!isSamePerson(session.user, user)) sessionStore.set({ ...session, user });
}

/** Without a reason, whoever signs out has asked for it. */
export function forgetSessionOfThisBrowser(reason: SignedOutReason | null = null): void {
  signedOutStore.set(reason);
  sessionStore.set(null);
}

export function useSession(): Session | null {
  return useSyncExternalStore(sessionStore.subscribe, sessionStore.get);
}

/** The signed-in user; only for screens behind the login. */
export function useCurrentUser(): User {
  const session = useSession();
  if (!session) throw new Error('useCurrentUser is for signed-in screens');
  return session.user;
}

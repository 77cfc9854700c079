import { readSessionFromGrant, type Session, type User } from '@owlpost/client';
import type { TokenGrant } from '@owlpost/client/rest';
import { useSyncExternalStore } from 'react';
import { isSamePerson } from './people';
import { createPersistedStoreForKey } from './persistedStore';
import { signedOutStore } from './signedOut';

function parseStoredSessionOrNull(stored: unknown): Session | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const session = stored as Partial<Session>;
  if (!session.user || !session.accessToken || !session.refreshToken) return null;
  return session as Session;
}

export const sessionStore = createPersistedStoreForKey('owlpost.session', parseStoredSessionOrNull);

export function saveSessionFromTokenAnswer(answer: TokenGrant): Session {
  const session = readSessionFromGrant(answer);
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

/** Whoever signs out has asked for it, and is told no reason. */
export function forgetSessionOfThisBrowser(): void {
  signedOutStore.set(null);
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

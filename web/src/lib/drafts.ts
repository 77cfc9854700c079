import { useCallback, useSyncExternalStore } from 'react';
import { createPersistedStoreForKey, type PersistedStore } from './persistedStore';
import { useCurrentUser } from './session';

/** What was begun and not sent: enough for any duty, and no more than a browser may keep. */
export const MOST_DRAFTS = 50;
export const DRAFT_LIFETIME_MS = 14 * 24 * 3_600_000;

export type DraftKind = 'comment' | 'report' | 'edit' | 'resolve';
type Drafts = Record<string, { value: unknown; at: number }>;

function parseStoredDraftsOrNone(stored: unknown): Drafts {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return {};
  const entries = Object.entries(stored as Drafts).filter(([, draft]) => typeof draft?.at === 'number' && draft.value !== undefined);
  return Object.fromEntries(entries);
}

const stores = new Map<string, PersistedStore<Drafts>>();

/** Each person has a store of their own: whoever signs in next at this browser reads none of it. */
function findDraftsOfPerson(userId: string): PersistedStore<Drafts> {
  let store = stores.get(userId);
  if (!store) {
    store = createPersistedStoreForKey(`owlpost.drafts.${userId}`, parseStoredDraftsOrNone);
    stores.set(userId, store);
  }
  return store;
}

/** Puts a draft, or takes it away (`undefined`); the oldest beyond the bounds are forgotten. */
export function putDraftWithinBounds(drafts: Drafts, key: string, value: unknown, now: number): Drafts {
  const others = Object.entries(drafts)
    .filter(([name, draft]) => name !== key && now - draft.at < DRAFT_LIFETIME_MS)
    .sort(([, a], [, b]) => b.at - a.at);
  if (value === undefined) return Object.fromEntries(others);
  return Object.fromEntries([[key, { value, at: now }] as const, ...others].slice(0, MOST_DRAFTS));
}

export interface DraftAccess<T> {
  read: () => T | undefined;
  /** `undefined` forgets it. */
  write: (value: T | undefined) => void;
  subscribe: (listener: () => void) => () => void;
}

export function openDraftOfPerson<T>(userId: string, kind: DraftKind, subject: string): DraftAccess<T> {
  const store = findDraftsOfPerson(userId);
  const key = `${kind}/${subject}`;
  return {
    read: () => {
      const draft = store.get()[key];
      return draft && Date.now() - draft.at < DRAFT_LIFETIME_MS ? (draft.value as T) : undefined;
    },
    write: (value) => {
      if (value === undefined && !(key in store.get())) return;
      store.set(putDraftWithinBounds(store.get(), key, value, Date.now()));
    },
    subscribe: store.subscribe,
  };
}

/** What the signed-in person began and has not sent; it survives reloads, crashes and a new sign-in. */
export function useDraft<T>(kind: DraftKind, subject: string): { value: T | undefined } & DraftAccess<T> {
  const { id } = useCurrentUser();
  const read = useCallback(() => openDraftOfPerson<T>(id, kind, subject).read(), [id, kind, subject]);
  const write = useCallback((value: T | undefined) => openDraftOfPerson<T>(id, kind, subject).write(value), [id, kind, subject]);
  const { subscribe } = findDraftsOfPerson(id);
  return { value: useSyncExternalStore(subscribe, read), read, write, subscribe };
}

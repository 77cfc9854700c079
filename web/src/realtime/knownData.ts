import { dehydrate, hydrate, type DehydratedState, type Query, type QueryClient } from '@tanstack/react-query';
import { createStore, del, get, set, type UseStore } from 'idb-keyval';
import { nameRunningVersion } from '../lib/newVersion';
import { linkStore } from './linkStore';

const KEY = 'known';
/** Of what may be looked at without a connection. Who is online is nothing to look at then. */
const KINDS = ['incidents', 'comments', 'notifications', 'receipts', 'timeline'];
const MOST_QUERIES = 100;
const SAVE_EVERY_MS = 5_000;

/** What a page knew, for one person and one version of the dashboard: another may have other shapes. */
interface KnownData {
  userId: string;
  version: string | null;
  /** When it was true; milliseconds. */
  at: number;
  state: DehydratedState;
}

let opened: UseStore | null = null;
function openStore(): UseStore {
  opened ??= createStore('owlpost', 'known-data');
  return opened;
}

/** Browsers may forbid storage, or have no room: then nothing is known without a connection. */
async function tryWithStore<T>(work: (store: UseStore) => Promise<T>): Promise<T | undefined> {
  try {
    return await work(openStore());
  } catch {
    return undefined;
  }
}

export function forgetKnownData(): void {
  void tryWithStore((store) => del(KEY, store));
}

function readKnownDataOfClient(client: QueryClient, userId: string): KnownData {
  const isKnown = (query: Query) => query.state.status === 'success' && KINDS.includes(String(query.queryKey[0]));
  const state = dehydrate(client, { shouldDehydrateMutation: () => false, shouldDehydrateQuery: isKnown });
  const newest = state.queries.sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt).slice(0, MOST_QUERIES);
  return { userId, version: nameRunningVersion(), at: Date.now(), state: { mutations: [], queries: newest } };
}

/** What is known is shown, and asked for again as soon as it can be. */
function showKnownDataAsOutdated(client: QueryClient, { state }: KnownData): void {
  const queries = state.queries.map((query) => ({ ...query, state: { ...query.state, isInvalidated: true } }));
  hydrate(client, { ...state, queries });
}

async function restoreKnownData(client: QueryClient, userId: string): Promise<void> {
  const known = await tryWithStore((store) => get<KnownData>(KEY, store));
  if (!known || known.userId !== userId || known.version !== nameRunningVersion()) return;
  if (linkStore.get().status === 'live') return;
  showKnownDataAsOutdated(client, known);
  linkStore.set({ liveUntil: known.at });
}

/**
 * Keeps what the page knows in this browser while the link is live, and takes it from there when a page begins without a connection.
 * With one, the server is asked and nothing else.
 */
export function keepKnownDataForOffline(client: QueryClient, userId: string): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let begun = false;
  const save = () => {
    timer = null;
    if (linkStore.get().status === 'live') void tryWithStore((store) => set(KEY, readKnownDataOfClient(client, userId), store));
  };
  const saveSoon = () => {
    timer ??= setTimeout(save, SAVE_EVERY_MS);
  };
  const saveBeforeHidden = () => {
    if (document.hidden) save();
  };
  const noticeLink = () => {
    const { status } = linkStore.get();
    if (begun || status === 'connecting') return;
    begun = true;
    if (status === 'offline' || status === 'reconnecting') void restoreKnownData(client, userId);
  };
  const stopWatchingCache = client.getQueryCache().subscribe((change) => {
    if (change.type === 'updated' && change.action.type === 'success') saveSoon();
  });
  const stopWatchingLink = linkStore.subscribe(noticeLink);
  document.addEventListener('visibilitychange', saveBeforeHidden);
  noticeLink();
  return () => {
    stopWatchingCache();
    stopWatchingLink();
    document.removeEventListener('visibilitychange', saveBeforeHidden);
    if (timer) clearTimeout(timer);
  };
}

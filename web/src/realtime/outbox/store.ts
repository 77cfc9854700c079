import { createListeners, type Incident } from '@owlpost/client';
import type { EditableField } from '../../entities/incident';
import type { Write } from './writes';

/** As many changes as one person may have waiting in one browser, those that were refused among them. */
export const MOST_WRITES = 100;

export interface QueuedWrite {
  /** Sorts in the order of writing. */
  id: string;
  /** Makes every repetition the same change. */
  key: string;
  write: Write;
  /** Of the incident it is about, as it was called. */
  title: string;
  at: number;
  /** When it first went out; it may have arrived, even if no answer came. */
  triedAt: number | null;
  /** Until then the tab that wrote it waits for its answer itself. */
  heldUntil: number;
  /** Why the server did not take it: it waits for its person, not for the connection. */
  refusal?: { message: string; collision?: { fields: EditableField[]; latest: Incident } };
}

/** What a screen shows ahead of the answer under the key of its write gives way to the write once that waits: they are one. */
export function listKeysOfWrites(writes: readonly QueuedWrite[]): ReadonlySet<string> {
  return new Set(writes.map(({ key }) => key));
}

export interface Outbox {
  /** In order; the same array until something changes. */
  list: () => readonly QueuedWrite[];
  /** `false`: there is no room. */
  add: (write: QueuedWrite) => boolean;
  /** Nothing, when it is gone. */
  change: (id: string, part: Partial<QueuedWrite>) => void;
  remove: (id: string) => void;
  subscribe: (listener: () => void) => () => void;
}

const PREFIX = 'owlpost.outbox.';

function readEntriesWithPrefix(prefix: string): [string, string][] {
  try {
    const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? '');
    const ours = keys.filter((key) => key.startsWith(prefix)).sort();
    return ours.map((key) => [key, localStorage.getItem(key) ?? 'null']);
  } catch {
    return [];
  }
}

function parseStoredWriteOrNone(text: string): QueuedWrite[] {
  try {
    const stored = JSON.parse(text) as QueuedWrite | null;
    return stored?.id && stored.key && stored.write?.kind ? [stored] : [];
  } catch {
    return [];
  }
}

/** One entry of localStorage a write: two tabs that add one at the same moment keep both. */
function createOutboxForPrefix(prefix: string): Outbox {
  let signature = '';
  let writes: readonly QueuedWrite[] = [];
  const { tell, subscribe } = createListeners(() => {
    const tellOfOtherTabs = (event: StorageEvent) => {
      if (event.key === null || event.key.startsWith(prefix)) tell();
    };
    window.addEventListener('storage', tellOfOtherTabs);
    return () => window.removeEventListener('storage', tellOfOtherTabs);
  });
  const put = (write: QueuedWrite): boolean => {
    try {
      localStorage.setItem(prefix + write.id, JSON.stringify(write));
    } catch {
      return false;
    }
    tell();
    return true;
  };
  const list = () => {
    const entries = readEntriesWithPrefix(prefix);
    const now = entries.join('\n');
    if (now === signature) return writes;
    signature = now;
    writes = entries.flatMap(([, text]) => parseStoredWriteOrNone(text));
    return writes;
  };
  return {
    list,
    add: (write) => list().length < MOST_WRITES && put(write),
    change: (id, part) => {
      const known = list().find((each) => each.id === id);
      if (known) put({ ...known, ...part });
    },
    remove: (id) => {
      localStorage.removeItem(prefix + id);
      tell();
    },
    subscribe,
  };
}

const outboxes = new Map<string, Outbox>();

/** Each person has one of their own: what they wrote is sent as nobody else. */
export function openOutboxOfPerson(userId: string): Outbox {
  let outbox = outboxes.get(userId);
  if (!outbox) {
    outbox = createOutboxForPrefix(`${PREFIX}${userId}.`);
    outboxes.set(userId, outbox);
  }
  return outbox;
}

let lastId = 0;

/** Later ones sort behind: those of one tab always, those of two by their clock. */
export function createIdInOrder(now: number): string {
  lastId = Math.max(lastId + 1, now * 1000);
  return `${String(lastId).padStart(17, '0')}-${Math.random().toString(36).slice(2, 8)}`;
}

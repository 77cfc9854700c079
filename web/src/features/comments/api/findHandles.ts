import type { User } from '@owlpost/client';
import { type QueryClient, useQueries, useQueryClient } from '@tanstack/react-query';
import { commentKeys, type CommentPages } from '../../../entities/comment';
import { type OnlineUsers, presenceKeys } from '../../../entities/presence';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';
import { sessionStore } from '../../../lib/session';

/** Pasted code is full of words behind an `@`: of one comment no more are looked up. */
const MOST_LOOKED_UP = 20;
/** Somebody of that name may join. */
const NOBODY_FOR_MS = 60_000;
/** Others whose words begin the same, and whose handles are sorted before it, are few: the search begins right before it. */
const MOST_NEIGHBOURS = 20;

/** People that this page has met: whoever is mentioned is most often among them, and nothing is asked. */
function isHandleOfMetPerson(client: QueryClient, handle: string, incidentId: string): boolean {
  const is = (user: User | undefined) => user?.handle === handle;
  const authors = client.getQueryData<CommentPages>(commentKeys.of(incidentId))?.pages.flatMap((page) => page.comments);
  return (
    is(sessionStore.get()?.user) ||
    (authors?.some(({ author }) => is(author)) ?? false) ||
    (client.getQueryData<OnlineUsers>(presenceKeys.online)?.users.some(is) ?? false) ||
    client.getQueriesData<User[]>({ queryKey: queryKeys.everyUser }).some(([, found]) => Array.isArray(found) && found.some(is))
  );
}

let lastLookUp: Promise<unknown> = Promise.resolve();

/** One after the other, so that a thread full of names leaves the requests of its reader a way. */
function isHandleOfAnybody(handle: string, signal: AbortSignal): Promise<boolean> {
  const query = { q: handle, after: handle.slice(0, -1), limit: MOST_NEIGHBOURS };
  const ask = async () => {
    signal.throwIfAborted();
    const { users } = await rest.get('/api/users', { query, signal });
    return users.some((user) => user.handle === handle);
  };
  const answer = lastLookUp.then(ask, ask);
  lastLookUp = answer.catch(() => undefined);
  return answer;
}

/** Those of the handles that are somebody's, as far as is known yet. */
export function useKnownHandles(handles: readonly string[], incidentId: string): string[] {
  const client = useQueryClient();
  const asked = handles.slice(0, MOST_LOOKED_UP);
  return useQueries({
    queries: asked.map((handle) => ({
      queryKey: queryKeys.handle(handle),
      queryFn: ({ signal }: { signal: AbortSignal }) => isHandleOfAnybody(handle, signal),
      initialData: () => isHandleOfMetPerson(client, handle, incidentId) || undefined,
      staleTime: ({ state }: { state: { data?: boolean } }) => (state.data ? Infinity : NOBODY_FOR_MS),
    })),
    combine: (answers) => asked.filter((_, at) => answers[at]?.data === true),
  });
}

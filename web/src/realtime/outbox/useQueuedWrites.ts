import { useMemo, useSyncExternalStore } from 'react';
import { useCurrentUser } from '../../lib/session';
import { openOutboxOfPerson, type QueuedWrite } from './store';

/** What of the signed-in person waits for a connection, or for their decision; what is only under way is not among it. */
export function useQueuedWrites(): readonly QueuedWrite[] {
  const { id } = useCurrentUser();
  const outbox = openOutboxOfPerson(id);
  const all = useSyncExternalStore(outbox.subscribe, outbox.list);
  return useMemo(() => all.filter((each) => each.heldUntil === 0), [all]);
}

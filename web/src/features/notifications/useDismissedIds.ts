import { useMemo } from 'react';
import { useHiddenIds } from '../../lib/undoable';
import { useQueuedWrites } from '../../realtime';

/** What is about to be dismissed, be it that it can be undone or that it waits for a connection. */
export function useDismissedIds(): ReadonlySet<string> {
  const hidden = useHiddenIds();
  const writes = useQueuedWrites();
  return useMemo(() => {
    const waiting = writes.flatMap(({ write, refusal }) => (write.kind === 'dismiss-notification' && !refusal ? [write.notificationId] : []));
    return waiting.length > 0 ? new Set([...hidden, ...waiting]) : hidden;
  }, [hidden, writes]);
}

import type { QueryClient } from '@tanstack/react-query';
import { notificationKeys } from '../entities/notification';
import type { CacheWriter } from './cacheWriter';
import type { RecentEvents } from './recentEvents';

/**
 * An answer may have left the server before an event that was written to the cache while it travelled, and would
 * undo it. So whatever was heard since a fetch began is applied again to what it brought.
 */
export function replayRecentEventsAfterFetches(client: QueryClient, recent: RecentEvents, writer: CacheWriter): () => void {
  const marks = new Map<string, number>();
  return client.getQueryCache().subscribe((change) => {
    if (change.type === 'removed') {
      marks.delete(change.query.queryHash);
      return;
    }
    if (change.type !== 'updated') return;
    const { query, action } = change;
    if (action.type === 'fetch') {
      marks.set(query.queryHash, recent.mark);
      return;
    }
    if (action.type !== 'success' || action.manual) return;
    const mark = marks.get(query.queryHash);
    marks.delete(query.queryHash);
    if (mark === undefined || mark === recent.mark) return;
    const missed = recent.listEventsSinceMark(mark);
    if (missed === null) {
      void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
      return;
    }
    for (const event of missed) writer.applyEventToQuery(query.queryKey, event);
    // Unread counts in events are absolute, so an older one could stand: ask once more.
    const counts = missed.some((event) => event.name.startsWith('notification:'));
    if (counts && query.queryKey[0] === notificationKeys.all[0]) {
      void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
    }
  });
}

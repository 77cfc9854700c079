import type { User } from '@owlpost/client';
import { useMemo } from 'react';
import { type CommentPages, listCommentsOldestFirst, type ListedComment } from '../../entities/comment';
import { useCurrentUser } from '../../lib/session';
import { useHiddenIds } from '../../lib/undoable';
import { listKeysOfWrites, type QueuedWrite, useQueuedWrites } from '../../realtime';

/** What two clocks may differ by. */
const CLOCKS_MS = 60_000;

/** The comments of one's own that wait for a connection. One that may have arrived is not shown beside the one that did. */
export function listWaitingComments(writes: readonly QueuedWrite[], known: readonly ListedComment[], incidentId: string, author: User): ListedComment[] {
  return writes.flatMap(({ id, at, triedAt, write, refusal }) => {
    if (write.kind !== 'comment' || write.incidentId !== incidentId || refusal) return [];
    const { content } = write;
    const isArrived = (each: ListedComment) =>
      !each.pending && each.author.id === author.id && each.content === content && new Date(each.createdAt).getTime() > at - CLOCKS_MS;
    if (triedAt !== null && known.some(isArrived)) return [];
    return [{ id, incidentId, content, author, createdAt: new Date(at).toISOString(), pending: true, waiting: true }];
  });
}

/**
 * What was said, without what is about to be deleted, and with what is about to be said: on its way, or waiting, and never both. The
 * composer shows a comment under its key before it is known which of the two it will be.
 */
export function useShownComments(incidentId: string, data: CommentPages | undefined): ListedComment[] {
  const me = useCurrentUser();
  const hidden = useHiddenIds();
  const writes = useQueuedWrites();
  return useMemo(() => {
    const deleted = new Set(writes.flatMap(({ write, refusal }) => (write.kind === 'delete-comment' && !refusal ? [write.commentId] : [])));
    const waiting = listKeysOfWrites(writes);
    const isShown = ({ id }: ListedComment) => !hidden.has(id) && !deleted.has(id) && !waiting.has(id);
    const known = data ? listCommentsOldestFirst(data).filter(isShown) : [];
    // What is on its way was said after what waits.
    return [...known.filter((each) => !each.pending), ...listWaitingComments(writes, known, incidentId, me), ...known.filter((each) => each.pending)];
  }, [data, hidden, writes, incidentId, me]);
}

import { useEffect, useRef } from 'react';
import { useLocation } from 'react-router';
import type { ListedComment } from '../../entities/comment';

interface Pages {
  comments: ListedComment[];
  hasNextPage: boolean;
  isFetching: boolean;
  fetchNextPage: () => unknown;
}

/**
 * A link may name one comment (`#comment-<id>`): loads back until it is there, then brings the reader to it. Answers
 * the id of the comment to mark.
 */
export function useCommentTarget({ comments, hasNextPage, isFetching, fetchNextPage }: Pages): string | null {
  const { hash, key } = useLocation();
  const reached = useRef<string | null>(null);
  const id = hash.startsWith('#comment-') ? hash.slice('#comment-'.length) : null;
  const isLoaded = id !== null && comments.some((comment) => comment.id === id);
  const visit = `${key}${hash}`;

  useEffect(() => {
    if (id === null || reached.current === visit) return;
    if (!isLoaded) {
      if (hasNextPage && !isFetching) fetchNextPage();
      return;
    }
    const element = document.getElementById(`comment-${id}`);
    if (!element) return;
    element.scrollIntoView({ block: 'center' });
    element.focus({ preventScroll: true });
    reached.current = visit;
  }, [id, isLoaded, hasNextPage, isFetching, fetchNextPage, visit]);

  return id;
}

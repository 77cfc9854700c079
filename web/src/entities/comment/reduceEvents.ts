import type { DomainEvent } from '@owlpost/client';
import type { CommentPages, ListedComment } from './types';

/** Pages run from the latest back; comments inside a page run forward. */
export function listCommentsOldestFirst(data: CommentPages): ListedComment[] {
  return [...data.pages].reverse().flatMap((page) => page.comments);
}

export function appendCommentToPages(data: CommentPages, comment: ListedComment): CommentPages {
  const [latest, ...older] = data.pages;
  if (!latest) return data;
  if (data.pages.some((page) => page.comments.some((each) => each.id === comment.id))) return data;
  // The event of one's own comment may come before the answer to its request: it takes the place of the pending one.
  const replacedAt = comment.pending
    ? -1
    : latest.comments.findIndex(
        (each) => each.pending && each.author.id === comment.author.id && each.content === comment.content,
      );
  const rest = latest.comments.filter((_, at) => at !== replacedAt);
  const comments = comment.pending
    ? [...rest, comment]
    : [...rest.filter((each) => !each.pending), comment, ...rest.filter((each) => each.pending)];
  return { ...data, pages: [{ ...latest, comments }, ...older] };
}

export function removeCommentFromPages(data: CommentPages, commentId: string): CommentPages {
  const pages = data.pages.map((page) => {
    const comments = page.comments.filter((comment) => comment.id !== commentId);
    return comments.length === page.comments.length ? page : { ...page, comments };
  });
  return pages.some((page, at) => page !== data.pages[at]) ? { ...data, pages } : data;
}

export function reduceCommentPagesWithEvent(data: CommentPages, event: DomainEvent, incidentId: string): CommentPages {
  if (event.name === 'comment:created' && event.payload.incidentId === incidentId) {
    return appendCommentToPages(data, event.payload.comment);
  }
  if (event.name === 'comment:deleted' && event.payload.incidentId === incidentId) {
    return removeCommentFromPages(data, event.payload.commentId);
  }
  return data;
}

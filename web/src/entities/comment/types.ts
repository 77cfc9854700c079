import type { InfiniteData } from '@tanstack/react-query';
import type { Comment } from '../../generated';
import type { CommentPage as CommentPageOfServer } from '../../generated/rest';

/** `pending`: shown before the server has confirmed it; `waiting`: it has not been sent, for want of a connection. */
export type ListedComment = Comment & { pending?: boolean; waiting?: boolean };
export type CommentPage = Omit<CommentPageOfServer, 'comments'> & { comments: ListedComment[] };
export type CommentPages = InfiniteData<CommentPage, unknown>;

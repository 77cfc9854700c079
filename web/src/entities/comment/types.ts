import type { Comment } from '@owlpost/client';
import type { CommentPage as CommentPageOfServer } from '@owlpost/client/rest';
import type { InfiniteData } from '@tanstack/react-query';

/** `pending`: shown before the server has confirmed it; `waiting`: it has not been sent, for want of a connection. */
export type ListedComment = Comment & { pending?: boolean; waiting?: boolean };
export type CommentPage = Omit<CommentPageOfServer, 'comments'> & { comments: ListedComment[] };
export type CommentPages = InfiniteData<CommentPage, unknown>;

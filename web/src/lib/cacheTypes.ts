import type { InfiniteData } from '@tanstack/react-query';
import type { Comment, Incident, Notification, PresenceCounts, User } from '../generated';

/** The shapes of the query cache: the server's pages, as they came. */
export interface IncidentPage {
  incidents: Incident[];
  nextBefore: string | null;
}
export type IncidentPages = InfiniteData<IncidentPage, unknown>;

export type IncidentDetail = Incident & { commentsCount?: number; viewersCount?: number };

/** `pending`: shown before the server has confirmed it. */
export type ListedComment = Comment & { pending?: boolean };
export interface CommentPage {
  comments: ListedComment[];
  nextBefore: string | null;
}
export type CommentPages = InfiniteData<CommentPage, unknown>;

export interface NotificationPage {
  notifications: Notification[];
  unreadCount: number;
  nextBefore: string | null;
}
export type NotificationPages = InfiniteData<NotificationPage, unknown>;

export interface OnlineUsers {
  total: number;
  byRole: PresenceCounts['byRole'];
  users: User[];
}

export interface Viewers {
  count: number;
  users: User[];
}

/** One row of the event log, as `GET /api/events` gives it. */
export interface LoggedEvent {
  eventId: string;
  event: string;
  payload: Record<string, unknown>;
  createdAt: string;
}

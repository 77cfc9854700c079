import type { InfiniteData } from '@tanstack/react-query';
import type { Comment, EscalationReason, Incident, Notification, PresenceCounts, User } from '../generated';

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

/** Whom the notifications of one incident reached, as `GET /api/incidents/:id/receipts` gives it. */
export interface Receipts {
  incidentId: string;
  told: number;
  delivered: number;
  seen: number;
  acknowledged: number;
  acknowledgedBy: User | null;
  acknowledgedAt: string | null;
  people: PersonReceipt[];
  nextStep: { step: number; dueAt: string; reason: EscalationReason } | null;
}

export interface PersonReceipt {
  user: User;
  toldAt: string;
  deliveredAt: string | null;
  seenAt: string | null;
  readAt: string | null;
  isOnline: boolean;
  offlineSince: string | null;
}

import type { DomainEvent, Notification, NotificationDeleted, NotificationNew, NotificationRead } from '@owlpost/client';
import type { NotificationPages } from './types';

function mapNotificationsInPages(
  data: NotificationPages,
  change: (notification: Notification) => Notification | null,
  unreadCount: number,
): NotificationPages {
  const pages = data.pages.map((page) => ({
    ...page,
    unreadCount,
    notifications: page.notifications.map(change).filter((each): each is Notification => each !== null),
  }));
  return { ...data, pages };
}

function addNewNotificationToPages(data: NotificationPages, fresh: NotificationNew): NotificationPages {
  if (data.pages.some((page) => page.notifications.some((each) => each.id === fresh.id))) return data;
  const { id, type, message, link, createdAt } = fresh;
  const notification: Notification = { id, type, message, link, createdAt, isRead: false, readAt: null };
  const [latest, ...older] = data.pages;
  if (!latest) return data;
  const unreadCount = latest.unreadCount + 1;
  return {
    ...data,
    pages: [{ ...latest, unreadCount, notifications: [notification, ...latest.notifications] }, ...older],
  };
}

export function markNotificationsReadInPages(
  data: NotificationPages,
  read: Pick<NotificationRead, 'id' | 'all' | 'readAt' | 'unreadCount'>,
): NotificationPages {
  const isMeant = (each: Notification) => (read.all ? each.createdAt <= read.readAt : each.id === read.id);
  return mapNotificationsInPages(
    data,
    (each) => (isMeant(each) && !each.isRead ? { ...each, isRead: true, readAt: read.readAt } : each),
    read.unreadCount,
  );
}

/** Takes back refused marks: only those that are still this page's own, so that what others marked or sent meanwhile stays. */
export function revertReadMarksInPages(
  data: NotificationPages,
  before: NotificationPages,
  marked: NotificationPages,
): NotificationPages {
  const indexById = (pages: NotificationPages) =>
    new Map(pages.pages.flatMap((page) => page.notifications).map((each) => [each.id, each]));
  const [known, mine] = [indexById(before), indexById(marked)];
  const isRefused = (each: Notification) =>
    each.isRead && known.get(each.id)?.isRead === false && mine.get(each.id)?.readAt === each.readAt;
  const refused = data.pages.flatMap((page) => page.notifications).filter(isRefused).length;
  return mapNotificationsInPages(
    data,
    (each) => (isRefused(each) ? { ...each, isRead: false, readAt: null } : each),
    countUnreadInPages(data) + refused,
  );
}

export function dropNotificationFromPages(
  data: NotificationPages,
  deleted: Pick<NotificationDeleted, 'id' | 'unreadCount'>,
): NotificationPages {
  return mapNotificationsInPages(data, (each) => (each.id === deleted.id ? null : each), deleted.unreadCount);
}

export function reduceNotificationPagesWithEvent(data: NotificationPages, event: DomainEvent): NotificationPages {
  switch (event.name) {
    case 'notification:new':
      return addNewNotificationToPages(data, event.payload);
    case 'notification:read':
      return markNotificationsReadInPages(data, event.payload);
    case 'notification:deleted':
      return dropNotificationFromPages(data, event.payload);
    default:
      return data;
  }
}

/** `hidden`: what is about to be dismissed counts no more. */
export function countUnreadInPages(data: NotificationPages | undefined, hidden?: ReadonlySet<string>): number {
  const isHiddenUnread = (each: Notification) => !each.isRead && hidden?.has(each.id);
  const fewer = hidden?.size ? (data?.pages.flatMap((page) => page.notifications).filter(isHiddenUnread).length ?? 0) : 0;
  return Math.max(0, (data?.pages[0]?.unreadCount ?? 0) - fewer);
}

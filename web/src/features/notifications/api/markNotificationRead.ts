import { countUnreadInPages, markNotificationsReadInPages } from '../../../entities/notification';
import { useOutbox } from '../../../realtime';
import { useNotificationChange } from './changeNotifications';

export function useMarkNotificationRead() {
  const send = useOutbox();
  return useNotificationChange(
    (notificationId: string) => send({ kind: 'read-notification', notificationId }),
    (data, id) =>
      markNotificationsReadInPages(data, {
        id,
        readAt: new Date().toISOString(),
        unreadCount: Math.max(0, countUnreadInPages(data) - 1),
      }),
  );
}

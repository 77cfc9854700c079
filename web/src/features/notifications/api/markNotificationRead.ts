import { countUnreadInPages, markNotificationsReadInPages } from '../../../entities/notification';
import type { Notification } from '../../../generated';
import { sendApiRequest } from '../../../lib/http';
import { useNotificationChange } from './changeNotifications';

export function useMarkNotificationRead() {
  return useNotificationChange(
    (id: string) => sendApiRequest<Notification>({ method: 'PATCH', path: `/api/notifications/${id}/read` }),
    (data, id) =>
      markNotificationsReadInPages(data, {
        id,
        readAt: new Date().toISOString(),
        unreadCount: Math.max(0, countUnreadInPages(data) - 1),
      }),
  );
}

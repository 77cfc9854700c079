import type { Notification } from '../../../generated';
import { sendApiRequest } from '../../../lib/http';
import { countUnreadInPages, markNotificationsReadInPages } from '../../../realtime';
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

import { countUnreadInPages, dropNotificationFromPages } from '../../../entities/notification';
import { sendApiRequest } from '../../../lib/http';
import { useNotificationChange } from './changeNotifications';

export function useDismissNotification() {
  return useNotificationChange(
    ({ id }: { id: string; isRead: boolean }) =>
      sendApiRequest<void>({ method: 'DELETE', path: `/api/notifications/${id}` }),
    (data, { id, isRead }) =>
      dropNotificationFromPages(data, { id, unreadCount: Math.max(0, countUnreadInPages(data) - (isRead ? 0 : 1)) }),
  );
}

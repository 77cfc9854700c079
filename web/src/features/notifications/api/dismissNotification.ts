import { sendApiRequest } from '../../../lib/http';
import { countUnreadInPages, dropNotificationFromPages } from '../../../realtime';
import { useNotificationChange } from './changeNotifications';

export function useDismissNotification() {
  return useNotificationChange(
    ({ id }: { id: string; isRead: boolean }) =>
      sendApiRequest<void>({ method: 'DELETE', path: `/api/notifications/${id}` }),
    (data, { id, isRead }) =>
      dropNotificationFromPages(data, { id, unreadCount: Math.max(0, countUnreadInPages(data) - (isRead ? 0 : 1)) }),
  );
}

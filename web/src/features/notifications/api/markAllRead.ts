import { markNotificationsReadInPages } from '../../../entities/notification';
import { rest } from '../../../lib/server';
import { useNotificationChange } from './changeNotifications';

const FAR_FUTURE = '9999-12-31T00:00:00.000Z';

/** Without a connection it is refused, and not kept: later it would mark what nobody has seen. */
export function useMarkAllRead() {
  return useNotificationChange(
    () => rest.patch('/api/notifications/read-all'),
    (data) => markNotificationsReadInPages(data, { all: true, readAt: FAR_FUTURE, unreadCount: 0 }),
  );
}

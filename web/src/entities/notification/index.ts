export { notificationKeys } from './keys';
export {
  countUnreadInPages,
  dropNotificationFromPages,
  markNotificationsReadInPages,
  reduceNotificationPagesWithEvent,
} from './reduceEvents';
export type { NotificationPage, NotificationPages } from './types';

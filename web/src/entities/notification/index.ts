export { notificationKeys } from './keys';
export {
  countUnreadInPages,
  dropNotificationFromPages,
  markNotificationsReadInPages,
  reduceNotificationPagesWithEvent,
  revertReadMarksInPages,
} from './reduceEvents';
export type { NotificationPage, NotificationPages } from './types';

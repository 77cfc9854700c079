export { NotificationBell } from './NotificationBell';
export { NotificationToasts } from './NotificationToasts';

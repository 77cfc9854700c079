import { notifications, notificationsStore, type NotificationData } from '@mantine/notifications';

let shown = 0;

/**
 * Shows a toast above all others; with the id of one that is shown, in its place. What finds no room waits, the oldest first.
 */
export function showToastOnTop(toast: NotificationData): void {
  shown += 1;
  // Of those with a higher priority the first is on top.
  const next = { ...toast, priority: shown };
  const { notifications: visible, queue } = notificationsStore.getState();
  const isKnown = [...visible, ...queue].some((each) => each.id !== undefined && each.id === toast.id);
  if (isKnown) notifications.update(next);
  else notifications.show(next);
}

export function hideToastWithId(id: string): void {
  notifications.hide(id);
}

export function showFailureAsToast(title: string, message: string): void {
  showToastOnTop({ color: 'red', title, message, autoClose: 8_000 });
}

export function showSuccessAsToast(title: string, message: string): void {
  showToastOnTop({ color: 'green', title, message, autoClose: 4_000 });
}

import { notifications, notificationsStore, type NotificationData } from '@mantine/notifications';
import { announcePolitelyToReaders } from './announcer';

let shown = 0;

export interface Toast extends NotificationData {
  /** What readers are told, where title and message are not plain words. */
  words?: string;
}

function readWordsOfToast({ words, title, message }: Toast): string {
  return words ?? [title, message].filter((part) => typeof part === 'string').join('. ');
}

/**
 * Shows a toast above all others; with the id of one that is shown, in its place. What finds no room waits, the oldest first. A toast
 * itself is no live region: it is said by the one voice of the page.
 */
export function showToastOnTop(toast: Toast): void {
  announcePolitelyToReaders(readWordsOfToast(toast));
  shown += 1;
  // Of those with a higher priority the first is on top.
  const next: Toast = { ...toast, priority: shown };
  delete next.words;
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

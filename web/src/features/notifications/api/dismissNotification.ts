import type { Notification } from '@owlpost/client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteWithUndoToast } from '../../../components/showUndoToast';
import { countUnreadInPages, dropNotificationFromPages, type NotificationPages, notificationKeys } from '../../../entities/notification';
import { describeErrorForPeople } from '../../../lib/apiError';
import { showFailureAsToast } from '../../../lib/toasts';
import { showHiddenThing } from '../../../lib/undoable';
import { useOutbox } from '../../../realtime';

function dropUnlessGoneAlready(data: NotificationPages, id: string): NotificationPages {
  const found = data.pages.flatMap((page) => page.notifications).find((each) => each.id === id);
  // Its event was faster, and has the right count.
  if (!found) return data;
  return dropNotificationFromPages(data, { id, unreadCount: Math.max(0, countUnreadInPages(data) - (found.isRead ? 0 : 1)) });
}

/** Hides a notification at once, and dismisses it when the time to undo that is over. A refusal shows it again. */
export function useDismissNotification() {
  const client = useQueryClient();
  const send = useOutbox();
  const { mutate } = useMutation({
    mutationFn: (notificationId: string) => send({ kind: 'dismiss-notification', notificationId }),
    onSuccess: (_, id) =>
      client.setQueryData<NotificationPages>(notificationKeys.all, (data) => data && dropUnlessGoneAlready(data, id)),
    onError: (error) => showFailureAsToast('The notification was not dismissed', describeErrorForPeople(error)),
    onSettled: (_data, _error, id) => showHiddenThing(id),
  });
  return ({ id }: Notification) => deleteWithUndoToast(id, 'Notification dismissed', () => mutate(id));
}

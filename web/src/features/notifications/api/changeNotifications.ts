import { useMutation, useQueryClient } from '@tanstack/react-query';
import { notificationKeys, type NotificationPages, revertReadMarksInPages } from '../../../entities/notification';
import { describeErrorForPeople } from '../../../lib/apiError';
import { showFailureAsToast } from '../../../lib/toasts';

/** A change of one's notifications that shows at once; a refusal brings the server's truth back, with a message. */
export function useNotificationChange<V>(
  send: (what: V) => Promise<unknown>,
  apply: (data: NotificationPages, what: V) => NotificationPages,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    onMutate: (what: V) => {
      const before = client.getQueryData<NotificationPages>(notificationKeys.all);
      return { before, marked: client.setQueryData<NotificationPages>(notificationKeys.all, (data) => data && apply(data, what)) };
    },
    onError: (error, _what, context) => {
      const { before, marked } = context ?? {};
      if (before && marked) {
        client.setQueryData<NotificationPages>(notificationKeys.all, (data) => data && revertReadMarksInPages(data, before, marked));
      }
      void client.invalidateQueries({ queryKey: notificationKeys.all });
      showFailureAsToast('Your notifications were not changed', describeErrorForPeople(error));
    },
  });
}

import { useInfiniteQuery } from '@tanstack/react-query';
import { notificationKeys, type NotificationPage } from '../../../entities/notification';
import { sendApiRequest } from '../../../lib/http';

const PAGE_SIZE = 20;

export function useNotificationList() {
  return useInfiniteQuery({
    queryKey: notificationKeys.all,
    queryFn: ({ pageParam, signal }) =>
      sendApiRequest<NotificationPage>({ path: '/api/notifications', query: { limit: PAGE_SIZE, before: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
  });
}

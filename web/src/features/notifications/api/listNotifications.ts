import { useInfiniteQuery } from '@tanstack/react-query';
import type { NotificationPage } from '../../../lib/cacheTypes';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

const PAGE_SIZE = 20;

export function useNotificationList() {
  return useInfiniteQuery({
    queryKey: queryKeys.notifications,
    queryFn: ({ pageParam, signal }) =>
      sendApiRequest<NotificationPage>({ path: '/api/notifications', query: { limit: PAGE_SIZE, before: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
  });
}

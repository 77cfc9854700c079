import { useInfiniteQuery } from '@tanstack/react-query';
import { notificationKeys } from '../../../entities/notification';
import { rest } from '../../../lib/server';

const PAGE_SIZE = 20;

export function useNotificationList() {
  return useInfiniteQuery({
    queryKey: notificationKeys.all,
    queryFn: ({ pageParam, signal }) =>
      rest.get('/api/notifications', { query: { limit: PAGE_SIZE, before: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
  });
}

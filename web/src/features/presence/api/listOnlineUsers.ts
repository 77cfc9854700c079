import { useQuery } from '@tanstack/react-query';
import type { OnlineUsers } from '../../../lib/cacheTypes';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

export function useOnlineUsers() {
  return useQuery({
    queryKey: queryKeys.onlineUsers,
    queryFn: ({ signal }) => sendApiRequest<OnlineUsers>({ path: '/api/presence/online', signal }),
  });
}

import { useQuery } from '@tanstack/react-query';
import { type OnlineUsers, presenceKeys } from '../../../entities/presence';
import { sendApiRequest } from '../../../lib/http';

export function useOnlineUsers() {
  return useQuery({
    queryKey: presenceKeys.online,
    queryFn: ({ signal }) => sendApiRequest<OnlineUsers>({ path: '/api/presence/online', signal }),
  });
}

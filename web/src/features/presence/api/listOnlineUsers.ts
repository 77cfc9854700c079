import { useQuery } from '@tanstack/react-query';
import { presenceKeys } from '../../../entities/presence';
import { rest } from '../../../lib/server';

export function useOnlineUsers() {
  return useQuery({
    queryKey: presenceKeys.online,
    queryFn: ({ signal }) => rest.get('/api/presence/online', { signal }),
  });
}

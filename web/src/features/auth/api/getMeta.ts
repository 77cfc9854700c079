import { useQuery } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';

export function useMeta() {
  return useQuery({
    queryKey: queryKeys.meta,
    queryFn: ({ signal }) => rest.get('/api/meta', { anonymous: true, signal }),
  });
}

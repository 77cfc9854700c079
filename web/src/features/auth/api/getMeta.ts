import { useQuery } from '@tanstack/react-query';
import type { ServerDescription } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

export function useMeta() {
  return useQuery({
    queryKey: queryKeys.meta,
    queryFn: ({ signal }) => sendApiRequest<ServerDescription>({ path: '/api/meta', anonymous: true, signal }),
  });
}

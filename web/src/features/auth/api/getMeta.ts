import { useQuery } from '@tanstack/react-query';
import type { Role } from '../../../generated';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

export interface DemoUser {
  email: string;
  name: string;
  role: Role;
  password: string;
}

export interface Meta {
  name: string;
  version: string;
  demo: boolean;
  demoUsers?: DemoUser[];
}

export function useMeta() {
  return useQuery({
    queryKey: queryKeys.meta,
    queryFn: ({ signal }) => sendApiRequest<Meta>({ path: '/api/meta', anonymous: true, signal }),
  });
}

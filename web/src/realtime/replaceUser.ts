import type { User } from '@owlpost/client';
import type { QueryClient } from '@tanstack/react-query';
import { replaceUserInData } from '../lib/people';

/** Shows a person as they are by now, wherever they are shown. */
export function replaceUserInCache(client: QueryClient, user: User): void {
  for (const { queryKey, state } of client.getQueryCache().getAll()) {
    const next = replaceUserInData(state.data, user);
    if (next !== state.data) client.setQueryData(queryKey, next);
  }
}

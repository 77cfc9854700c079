import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { subscribeBrowserToPushes, unsubscribeBrowserFromPushes } from '../../../lib/pushSubscription';
import { queryKeys } from '../../../lib/queryKeys';
import { useCurrentUser } from '../../../lib/session';

export function usePushSettings() {
  return useQuery({
    queryKey: queryKeys.push,
    queryFn: ({ signal }) => rest.get('/api/push', { signal }),
    // No event tells of them.
    staleTime: 0,
    refetchOnWindowFocus: true,
  });
}

export function useSwitchOfPushes(publicKey: string | undefined) {
  const client = useQueryClient();
  const me = useCurrentUser();
  return useMutation({
    mutationFn: async (on: boolean) => {
      if (!on) await unsubscribeBrowserFromPushes();
      else if (publicKey) await subscribeBrowserToPushes(me.id, publicKey);
    },
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.push }),
  });
}

export function useForgetPushedBrowser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => rest.delete('/api/push/subscriptions/{id}', { path: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.push }),
  });
}

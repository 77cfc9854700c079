import { useMutation, useQueryClient } from '@tanstack/react-query';
import { OwlPostError } from '@owlpost/client';
import { queryKeys } from '../../../lib/queryKeys';
import { showFailureAsToast } from '../../../lib/toasts';

/** Something that is done with a webhook; the list is asked for again behind it. */
export function useWebhookDeed<V, R>(mutationFn: (what: V) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onError: (error) => {
      // Its row goes, and what would be said there with it.
      if (error instanceof OwlPostError && error.status === 404) showFailureAsToast('The webhook is gone', 'Somebody deleted it meanwhile.');
    },
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.everyOutlet }),
  });
}

import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { describeErrorForPeople } from '../../../lib/apiError';
import type { CommentPages } from '../../../lib/cacheTypes';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';
import { removeCommentFromPages } from '../../../realtime';

export function useDeleteComment(incidentId: string) {
  const client = useQueryClient();
  const queryKey = queryKeys.commentsOf(incidentId);
  return useMutation({
    mutationFn: (id: string) =>
      sendApiRequest<void>({ method: 'DELETE', path: `/api/incidents/${incidentId}/comments/${id}` }),
    onMutate: (id) => {
      client.setQueryData<CommentPages>(queryKey, (data) => data && removeCommentFromPages(data, id));
    },
    onError: (error) => {
      void client.invalidateQueries({ queryKey });
      notifications.show({ color: 'red', title: 'The comment was not deleted', message: describeErrorForPeople(error) });
    },
  });
}

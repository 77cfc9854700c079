import { useMutation, useQueryClient } from '@tanstack/react-query';
import { commentKeys, type CommentPages, removeCommentFromPages } from '../../../entities/comment';
import { describeErrorForPeople } from '../../../lib/apiError';
import { sendApiRequest } from '../../../lib/http';
import { showFailureAsToast } from '../../../lib/toasts';

export function useDeleteComment(incidentId: string) {
  const client = useQueryClient();
  const queryKey = commentKeys.of(incidentId);
  return useMutation({
    mutationFn: (id: string) =>
      sendApiRequest<void>({ method: 'DELETE', path: `/api/incidents/${incidentId}/comments/${id}` }),
    onMutate: (id) => {
      client.setQueryData<CommentPages>(queryKey, (data) => data && removeCommentFromPages(data, id));
    },
    onError: (error) => {
      void client.invalidateQueries({ queryKey });
      showFailureAsToast('The comment was not deleted', describeErrorForPeople(error));
    },
  });
}

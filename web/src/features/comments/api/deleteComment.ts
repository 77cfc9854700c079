import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteWithUndoToast } from '../../../components/showUndoToast';
import { commentKeys, type CommentPages, removeCommentFromPages } from '../../../entities/comment';
import { describeErrorForPeople } from '../../../lib/apiError';
import { sendApiRequest } from '../../../lib/http';
import { showFailureAsToast } from '../../../lib/toasts';
import { showHiddenThing } from '../../../lib/undoable';

/** Hides a comment at once, and deletes it when the time to undo that is over. A refusal shows it again, among what came since. */
export function useDeleteComment(incidentId: string) {
  const client = useQueryClient();
  const { mutate } = useMutation({
    mutationFn: (id: string) =>
      sendApiRequest<void>({ method: 'DELETE', path: `/api/incidents/${incidentId}/comments/${id}`, keepalive: true }),
    onSuccess: (_, id) =>
      client.setQueryData<CommentPages>(commentKeys.of(incidentId), (data) => data && removeCommentFromPages(data, id)),
    onError: (error) => showFailureAsToast('The comment was not deleted', describeErrorForPeople(error)),
    onSettled: (_data, _error, id) => showHiddenThing(id),
  });
  return (id: string) => deleteWithUndoToast(id, 'Comment deleted', () => mutate(id));
}

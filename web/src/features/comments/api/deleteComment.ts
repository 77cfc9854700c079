import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteWithUndoToast } from '../../../components/showUndoToast';
import { commentKeys, type CommentPages, removeCommentFromPages } from '../../../entities/comment';
import { describeErrorForPeople } from '../../../lib/apiError';
import { showFailureAsToast } from '../../../lib/toasts';
import { showHiddenThing } from '../../../lib/undoable';
import { useOutbox } from '../../../realtime';

/** Hides a comment at once, and deletes it when the time to undo that is over. A refusal shows it again, among what came since. */
export function useDeleteComment(incidentId: string) {
  const client = useQueryClient();
  const send = useOutbox();
  const { mutate } = useMutation({
    mutationFn: (commentId: string) => send({ kind: 'delete-comment', incidentId, commentId }),
    onSuccess: (_, id) =>
      client.setQueryData<CommentPages>(commentKeys.of(incidentId), (data) => data && removeCommentFromPages(data, id)),
    onError: (error) => showFailureAsToast('The comment was not deleted', describeErrorForPeople(error)),
    onSettled: (_data, _error, id) => showHiddenThing(id),
  });
  return (id: string) => deleteWithUndoToast(id, 'Comment deleted', () => mutate(id));
}

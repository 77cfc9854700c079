import { useMutation, useQueryClient } from '@tanstack/react-query';
import { appendCommentToPages, commentKeys, type CommentPages, removeCommentFromPages } from '../../../entities/comment';
import type { Comment } from '../../../generated';
import { describeErrorForPeople } from '../../../lib/apiError';
import { sendApiRequest } from '../../../lib/http';
import { createRandomKeyForRequest } from '../../../lib/randomKey';
import { useCurrentUser } from '../../../lib/session';
import { showFailureAsToast } from '../../../lib/toasts';

interface NewComment {
  content: string;
  key: string;
}

function postCommentToServer(incidentId: string, { content, key }: NewComment): Promise<Comment> {
  return sendApiRequest<Comment>({
    method: 'POST',
    path: `/api/incidents/${incidentId}/comments`,
    body: { content },
    headers: { 'Idempotency-Key': key },
  });
}

/** Shows the comment at once, greyed until confirmed; takes it back, with a message, when the server refuses. */
export function useCreateComment(incidentId: string, onRefused: (content: string) => void) {
  const client = useQueryClient();
  const author = useCurrentUser();
  const queryKey = commentKeys.of(incidentId);
  const change = (update: (data: CommentPages) => CommentPages) =>
    client.setQueryData<CommentPages>(queryKey, (data) => data && update(data));

  const mutation = useMutation({
    mutationFn: (comment: NewComment) => postCommentToServer(incidentId, comment),
    onMutate: ({ content, key }) => {
      const createdAt = new Date().toISOString();
      change((data) => appendCommentToPages(data, { id: key, incidentId, content, author, createdAt, pending: true }));
    },
    onSuccess: (comment, { key }) => change((data) => appendCommentToPages(removeCommentFromPages(data, key), comment)),
    onError: (error, { content, key }) => {
      change((data) => removeCommentFromPages(data, key));
      showFailureAsToast('Your comment was not posted', describeErrorForPeople(error));
      onRefused(content);
    },
  });
  return (content: string) => mutation.mutate({ content, key: createRandomKeyForRequest() });
}

import { createRandomKeyForRequest } from '@owlpost/client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { appendCommentToPages, commentKeys, type CommentPages, removeCommentFromPages } from '../../../entities/comment';
import { describeErrorForPeople } from '../../../lib/apiError';
import { useCurrentUser } from '../../../lib/session';
import { showFailureAsToast } from '../../../lib/toasts';
import { useOutbox } from '../../../realtime';

interface NewComment {
  content: string;
  key: string;
}

/** Shows the comment at once, greyed until confirmed; takes it back, with a message, when the server refuses. */
export function useCreateComment(incidentId: string, onRefused: (content: string) => void) {
  const client = useQueryClient();
  const send = useOutbox();
  const author = useCurrentUser();
  const queryKey = commentKeys.of(incidentId);
  const change = (update: (data: CommentPages) => CommentPages) =>
    client.setQueryData<CommentPages>(queryKey, (data) => data && update(data));

  const mutation = useMutation({
    mutationFn: ({ content, key }: NewComment) => send({ kind: 'comment', incidentId, content }, key),
    onMutate: ({ content, key }) => {
      const createdAt = new Date().toISOString();
      change((data) => appendCommentToPages(data, { id: key, incidentId, content, author, createdAt, pending: true }));
    },
    onSuccess: (comment, { key }) =>
      change((data) => {
        const others = removeCommentFromPages(data, key);
        return comment ? appendCommentToPages(others, comment) : others;
      }),
    onError: (error, { content, key }) => {
      change((data) => removeCommentFromPages(data, key));
      showFailureAsToast('Your comment was not posted', describeErrorForPeople(error));
      onRefused(content);
    },
  });
  return (content: string) => mutation.mutate({ content, key: createRandomKeyForRequest() });
}

import { Button, Group, Text } from '@mantine/core';
import type { FormEvent } from 'react';
import { useTypingSender } from '../../realtime';
import { MentionTextarea } from './MentionTextarea';
import type { CommentDraft } from './useCommentDraft';

const MOST_CHARACTERS = 10_000;

interface Props {
  incidentId: string;
  draft: CommentDraft;
  onPost: (content: string) => void;
}

export function CommentForm({ incidentId, draft, onPost }: Props) {
  const typing = useTypingSender(incidentId);
  const content = draft.text.trim();
  const tooLong = [...content].length > MOST_CHARACTERS;
  const canPost = content !== '' && !tooLong;

  const post = () => {
    if (!canPost) return;
    typing.stop();
    draft.setText('');
    onPost(content);
  };
  return (
    <form
      aria-label="New comment"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        post();
      }}
    >
      <MentionTextarea
        value={draft.text}
        onChange={(text) => {
          draft.setText(text);
          typing.noteKeystroke(text);
        }}
        onBlur={typing.stop}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          post();
        }}
      />
      <Group justify="space-between" mt="xs" mb={4}>
        <Text size="xs" c={tooLong ? 'red' : 'dimmed'}>
          {tooLong ? 'Up to 10,000 characters' : 'Ctrl + Enter posts'}
        </Text>
        <Button type="submit" size="sm" disabled={!canPost}>
          Comment
        </Button>
      </Group>
    </form>
  );
}

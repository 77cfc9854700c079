import { ActionIcon, Group, Text } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { memo, useState } from 'react';
import { TimeAgo } from '../../components/TimeAgo';
import { UserAvatar } from '../../components/UserAvatar';
import { type ListedComment, mayUserDeleteComment } from '../../entities/comment';
import { roleLabels } from '../../lib/roles';
import { useCurrentUser } from '../../lib/session';
import { CommentText } from './CommentText';
import classes from './Comments.module.css';

interface Props {
  comment: ListedComment;
  isTarget: boolean;
  onDelete: (id: string) => void;
}

export const CommentItem = memo(function CommentItem({ comment, isTarget, onDelete }: Props) {
  const me = useCurrentUser();
  // The button of the comment one is at is reached by Tab, not those of all the others before the composer.
  const [focused, setFocused] = useState(false);
  return (
    <li
      id={`comment-${comment.id}`}
      className={classes.comment}
      tabIndex={-1}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
      data-pending={comment.waiting ? 'waiting' : comment.pending || undefined}
      data-target={isTarget || undefined}
      data-testid="comment"
    >
      <UserAvatar user={comment.author} size={32} aria-hidden />
      <div className={classes.body}>
        <Group gap={6}>
          <Text size="sm" fw={600}>
            {comment.author.name}
          </Text>
          <Text size="xs" c="dimmed" component="div">
            {roleLabels[comment.author.role]} · {comment.waiting ? 'waiting for connection' : comment.pending ? 'sending…' : <TimeAgo time={comment.createdAt} />}
          </Text>
        </Group>
        <CommentText incidentId={comment.incidentId} content={comment.content} />
      </div>
      {!comment.pending && mayUserDeleteComment(me, comment) && (
        <ActionIcon
          variant="subtle"
          color="gray"
          className={classes.delete}
          tabIndex={focused ? 0 : -1}
          aria-label={`Delete comment by ${comment.author.name}`}
          onClick={() => onDelete(comment.id)}
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      )}
    </li>
  );
});

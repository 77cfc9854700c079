import { Button, Center, Group, Loader, Paper, ScrollArea, Text, Title } from '@mantine/core';
import { IconArrowDown } from '@tabler/icons-react';
import type { MouseEvent } from 'react';
import { QueryFailure } from '../../components/QueryFailure';
import type { ListedComment } from '../../entities/comment';
import { CommentForm } from './CommentForm';
import { CommentItem } from './CommentItem';
import { TypingIndicator } from './TypingIndicator';
import { useCreateComment } from './api/createComment';
import { useDeleteComment } from './api/deleteComment';
import { useComments } from './api/listComments';
import { moveFocusBetweenComments } from './moveBetweenComments';
import { useCommentDraft } from './useCommentDraft';
import { useCommentTarget } from './useCommentTarget';
import { useShownComments } from './useShownComments';
import { useStickyScroll } from './useStickyScroll';
import classes from './Comments.module.css';

const HEIGHT_PX = 480;

interface ListProps {
  incidentId: string;
  list: ReturnType<typeof useComments>;
  comments: ListedComment[];
}

function CommentList({ incidentId, list, comments }: ListProps) {
  const scroll = useStickyScroll({ first: comments[0]?.id, last: comments.at(-1)?.id });
  const remove = useDeleteComment(incidentId);
  const { hasNextPage, isFetching, fetchNextPage } = list;
  const target = useCommentTarget({ comments, hasNextPage, isFetching, fetchNextPage });
  if (comments.length === 0) {
    return (
      <Text c="dimmed" size="sm" py="md">
        Nobody has said anything yet.
      </Text>
    );
  }
  return (
    <div className={classes.thread}>
      <ScrollArea.Autosize
        mah={HEIGHT_PX}
        type="auto"
        viewportRef={scroll.viewport}
        onScrollPositionChange={scroll.noteScroll}
        viewportProps={{ tabIndex: 0, role: 'log', 'aria-label': 'Comments', onKeyDown: moveFocusBetweenComments }}
      >
        {hasNextPage && (
          <Center pb="xs">
            <Button variant="subtle" size="xs" loading={list.isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show earlier comments
            </Button>
          </Center>
        )}
        <ul className={classes.list}>
          {comments.map((comment) => (
            <CommentItem key={comment.id} comment={comment} isTarget={comment.id === target} onDelete={remove} />
          ))}
        </ul>
      </ScrollArea.Autosize>
      {scroll.hasNewer && (
        <Button
          className={classes.newer}
          size="xs"
          radius="xl"
          leftSection={<IconArrowDown size={14} aria-hidden />}
          onClick={scroll.scrollToEnd}
        >
          New comments
        </Button>
      )}
    </div>
  );
}

/** By hand: following the link would put the fragment into the address, which names a comment. */
function focusComposerOfThread(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById('new-comment')?.focus();
}

export function CommentThread({ incidentId, ready }: { incidentId: string; ready: boolean }) {
  const list = useComments(incidentId, ready);
  const draft = useCommentDraft(incidentId);
  const post = useCreateComment(incidentId, draft.restore);
  const comments = useShownComments(incidentId, list.data);
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-label="Discussion">
      <Group gap={8} mb="sm">
        <Title order={2} size="h6">
          Comments
        </Title>
        {list.data && (
          <Text size="sm" c="dimmed">
            {comments.length}
            {list.hasNextPage ? '+' : ''}
          </Text>
        )}
      </Group>
      {list.isError && !list.data && <QueryFailure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && !list.isError && (
        <Center py="md">
          <Loader size="sm" aria-label="Loading comments" />
        </Center>
      )}
      {list.data && (
        <a href="#new-comment" className={classes.skip} onClick={focusComposerOfThread}>
          Write a comment
        </a>
      )}
      {(list.data || comments.length > 0) && <CommentList incidentId={incidentId} list={list} comments={comments} />}
      <div className={classes.composer} data-testid="composer" data-never-covered>
        <CommentForm incidentId={incidentId} draft={draft} onPost={post} />
        <TypingIndicator incidentId={incidentId} />
      </div>
    </Paper>
  );
}

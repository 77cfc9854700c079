import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { TextWithLinks } from '../../components/TextWithLinks';
import { listHandlesMentionedInText, splitTextIntoMentions } from '../../lib/mentions';
import { useCurrentUser } from '../../lib/session';
import { useKnownHandles } from './api/findHandles';
import classes from './Comments.module.css';

export function CommentText({ incidentId, content }: { incidentId: string; content: string }) {
  const me = useCurrentUser();
  const handles = useMemo(() => listHandlesMentionedInText(content), [content]);
  const known = useKnownHandles(handles, incidentId);
  return (
    <Text size="sm" className={classes.text}>
      {splitTextIntoMentions(content, known).map((part, at) =>
        part.handle !== null ? (
          <span key={at} className={classes.mention} data-mention={part.handle} data-me={part.handle === me.handle || undefined}>
            {part.text}
          </span>
        ) : (
          <TextWithLinks key={at} text={part.text} />
        ),
      )}
    </Text>
  );
}

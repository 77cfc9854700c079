import { Text } from '@mantine/core';
import { TextWithLinks } from '../../components/TextWithLinks';
import { splitTextIntoMentions } from '../../lib/mentions';
import { useCurrentUser } from '../../lib/session';
import classes from './Comments.module.css';

export function CommentText({ content }: { content: string }) {
  const me = useCurrentUser();
  const mine = `@${me.handle}`;
  return (
    <Text size="sm" className={classes.text}>
      {splitTextIntoMentions(content).map((part, at) =>
        part.mention ? (
          <span key={at} className={classes.mention} data-me={part.text.toLowerCase() === mine || undefined}>
            {part.text}
          </span>
        ) : (
          <TextWithLinks key={at} text={part.text} />
        ),
      )}
    </Text>
  );
}

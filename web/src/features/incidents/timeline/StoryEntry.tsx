import { Text, ThemeIcon } from '@mantine/core';
import {
  IconArrowUpRight,
  IconBell,
  IconChecks,
  IconCircleCheck,
  IconEye,
  IconFlag,
  IconHandStop,
  IconMessage,
  IconMessageOff,
  IconPencil,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { TimelineEntry, TimelineKind } from '../../../entities/activity';
import { formatClockOfTime, formatTimeInFull } from '../../../lib/time';
import { describeEntryInWords, listChangesForPeople } from './story';
import classes from './Timeline.module.css';

const looks: Record<TimelineKind, { icon: ComponentType<{ size?: number }>; color: string }> = {
  created: { icon: IconFlag, color: 'indigo' },
  updated: { icon: IconPencil, color: 'gray' },
  acknowledged: { icon: IconHandStop, color: 'teal' },
  resolved: { icon: IconCircleCheck, color: 'green' },
  commented: { icon: IconMessage, color: 'gray' },
  comment_deleted: { icon: IconMessageOff, color: 'gray' },
  notified: { icon: IconBell, color: 'orange' },
  delivered: { icon: IconChecks, color: 'gray' },
  seen: { icon: IconEye, color: 'blue' },
  read: { icon: IconEye, color: 'blue' },
  escalated: { icon: IconArrowUpRight, color: 'red' },
  viewed: { icon: IconEye, color: 'gray' },
  other: { icon: IconPencil, color: 'gray' },
};

export function StoryEntry({ entry }: { entry: TimelineEntry }) {
  const { icon: Icon, color } = looks[entry.kind] ?? looks.other;
  const changes = listChangesForPeople(entry.changes ?? []);
  const says = entry.kind === 'commented' ? entry.comment?.content : null;
  return (
    <li className={classes.entry} data-kind={entry.kind}>
      <ThemeIcon size={22} radius="xl" variant="light" color={color} aria-hidden>
        <Icon size={13} />
      </ThemeIcon>
      <div className={classes.words}>
        <Text size="sm">
          <b>{entry.actor?.name ?? 'Owl Post'}</b> {describeEntryInWords(entry)}
        </Text>
        {changes.map((change) => (
          <Text key={change.field} size="xs" className={classes.change}>
            {change.field}: <s>{change.from}</s> → <b>{change.to}</b>
          </Text>
        ))}
        {says && (
          <Text size="xs" className={classes.comment} data-deleted={entry.comment?.isDeleted || undefined} lineClamp={3}>
            {says}
          </Text>
        )}
        <Text size="xs" c="dimmed" component="div">
          <time dateTime={entry.at} title={formatTimeInFull(entry.at)}>
            {formatClockOfTime(entry.at)}
          </time>
          {entry.until && ` to ${formatClockOfTime(entry.until)}`}
        </Text>
      </div>
    </li>
  );
}

import { Button, Group, Text } from '@mantine/core';
import type { Incident } from '@owlpost/client';
import { useRef } from 'react';
import { Link } from 'react-router';
import { useCurrentUser } from '../../../lib/session';
import { formatLengthOfTime, useSecondsNow } from '../../../lib/time';
import { useOnScreen } from '../../../lib/useOnScreen';
import { useReportOfSeen } from '../../../realtime';
import { TakeItButton } from '../TakeItButton';
import classes from './AlertBar.module.css';

function TickingAge({ since }: { since: string }) {
  const now = useSecondsNow();
  return (
    <span className={classes.age} aria-hidden data-testid="alert-age">
      {formatLengthOfTime(now - new Date(since).getTime())}
    </span>
  );
}

interface Props {
  alert: Incident;
  /** Notifications that told this person of it, unread. */
  notificationIds: readonly string[];
  onSeen: () => void;
  onNotMe: () => void;
}

export function AlertRow({ alert, notificationIds, onSeen, onNotMe }: Props) {
  const me = useCurrentUser();
  const row = useRef<HTMLDivElement>(null);
  const report = useReportOfSeen();
  useOnScreen(row, `${alert.id} ${notificationIds.join(' ')}`, () => {
    onSeen();
    report(notificationIds);
  });
  const whose = alert.assignee?.id === me.id ? ' · assigned to you' : '';
  return (
    <div ref={row} className={classes.row} data-testid="alert" data-incident-id={alert.id}>
      <div className={classes.words}>
        <Link to={`/incidents/${alert.id}`} className={classes.title}>
          {alert.title}
        </Link>
        <Text size="xs" className={classes.meta}>
          {alert.reportedBy.name}
          {alert.location ? ` · ${alert.location}` : ''}
          {whose} · <TickingAge since={alert.createdAt} />
        </Text>
      </div>
      <Group gap={6} wrap="nowrap">
        <TakeItButton incident={alert} variant="white" />
        <Button size="compact-sm" variant="transparent" c="#fff" aria-label={`Not me: ${alert.title}`} onClick={onNotMe}>
          Not me
        </Button>
      </Group>
    </div>
  );
}

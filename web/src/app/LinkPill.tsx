import { Badge, Tooltip } from '@mantine/core';
import type { LinkState } from '@owlpost/client';
import { IconBolt, IconCloudOff, IconHistory, IconRefresh } from '@tabler/icons-react';
import { Fragment, useEffect, useRef } from 'react';
import { styleReadableBadgeText } from '../components/badgeText';
import { WaitingPopover } from '../features/outbox';
import { announcePolitelyToReaders } from '../lib/announcer';
import { formatCountWithNoun } from '../lib/labels';
import { useSlowAnswer } from '../lib/server';
import { showToastOnTop } from '../lib/toasts';
import { type QueuedWrite, useLinkState, useQueuedWrites } from '../realtime';
import classes from './LinkPill.module.css';

const looks: Record<LinkState['status'], { color: string; icon: typeof IconBolt }> = {
  live: { color: 'teal', icon: IconBolt },
  connecting: { color: 'gray', icon: IconRefresh },
  reconnecting: { color: 'yellow', icon: IconRefresh },
  'catching-up': { color: 'blue', icon: IconHistory },
  offline: { color: 'red', icon: IconCloudOff },
  refused: { color: 'red', icon: IconCloudOff },
};

function describeLinkInWords(link: LinkState): string {
  switch (link.status) {
    case 'live':
      return 'Live';
    case 'connecting':
      return 'Connecting…';
    case 'reconnecting':
      return 'Reconnecting…';
    case 'catching-up':
      return link.caughtUp > 0 ? `Catching up ${formatCountWithNoun(link.caughtUp, 'event')}` : 'Catching up…';
    case 'offline':
      return 'Offline';
    case 'refused':
      return 'Signed out';
  }
}

const explanations: Record<LinkState['status'], string> = {
  live: 'Everything appears as it happens',
  connecting: 'Connecting to the server',
  reconnecting: 'The connection was lost; trying again',
  'catching-up': 'Fetching what happened while you were away',
  offline: 'No connection; trying again by itself',
  refused: 'The server takes this sign-in no more',
};

const STILL_WAITING = 'Still waiting for an answer of the server';

/** "2 waiting", "1 not sent". */
function countWrites(writes: readonly QueuedWrite[]): [count: number, what: string][] {
  const refused = writes.filter((each) => each.refusal).length;
  const counts: [number, string][] = [
    [writes.length - refused, 'waiting'],
    [refused, 'not sent'],
  ];
  return counts.filter(([count]) => count > 0);
}

function PillWords({ words, counts }: { words: string; counts: ReturnType<typeof countWrites> }) {
  return (
    <>
      <span className={counts.length > 0 ? classes.wide : undefined}>{words}</span>
      {counts.map(([count, what]) => (
        <Fragment key={what}>
          <span className={classes.wide}> · </span>
          {count}
          <span className={classes.wide}> {what}</span>
        </Fragment>
      ))}
    </>
  );
}

/** How true the page is right now. Always in sight. */
export function LinkPill() {
  const link = useLinkState();
  const { status, caughtUp, catchUps } = link;
  const toldCatchUps = useRef(catchUps);

  useEffect(() => {
    if (catchUps > toldCatchUps.current) {
      toldCatchUps.current = catchUps;
      // A toast speaks for itself.
      if (caughtUp === 0) announcePolitelyToReaders('Connected again, nothing was missed');
      else {
        showToastOnTop({
          id: 'caught-up',
          color: 'blue',
          title: `Caught up ${formatCountWithNoun(caughtUp, 'event')}`,
          message: 'Everything on this page is current again.',
        });
      }
    } else if (status === 'offline' || status === 'reconnecting') {
      announcePolitelyToReaders(explanations[status]);
    }
  }, [status, caughtUp, catchUps]);

  const overPolling = status === 'live' && link.transport === 'polling' ? ' (over plain HTTP)' : '';
  const isSlow = useSlowAnswer();
  useEffect(() => {
    if (isSlow) announcePolitelyToReaders(STILL_WAITING);
  }, [isSlow]);
  // A link that hears the server is still no answer of it.
  const look = isSlow && status === 'live' ? looks.connecting : looks[status];
  const words = isSlow && status === 'live' ? 'Still waiting…' : describeLinkInWords(link);
  const explanation = (isSlow ? STILL_WAITING : explanations[status]) + overPolling;
  const writes = useQueuedWrites();
  const badge = {
    variant: 'light',
    color: look.color,
    style: styleReadableBadgeText(look.color),
    size: 'lg',
    radius: 'xl',
    tt: 'none',
    fw: 600,
    className: classes.pill,
    leftSection: <look.icon size={14} aria-hidden className={status === 'reconnecting' ? classes.turning : undefined} />,
    'data-testid': 'link-state',
    'data-link': status,
    'data-slow': isSlow || undefined,
    'data-transport': link.transport ?? undefined,
  } as const;
  const hasWrites = writes.length > 0;
  const canOpen = WaitingPopover.useIsLoaded() && hasWrites;
  useEffect(() => {
    if (hasWrites) void WaitingPopover.preload();
  }, [hasWrites]);
  const counts = countWrites(writes);
  const content = <PillWords words={words} counts={counts} />;
  if (canOpen) {
    return (
      <WaitingPopover badge={badge} label={[words, ...counts.map((count) => count.join(' '))].join(', ')} explanation={explanation}>
        {content}
      </WaitingPopover>
    );
  }
  return (
    <Tooltip label={explanation} withArrow>
      <Badge {...badge} tabIndex={0}>
        {content}
      </Badge>
    </Tooltip>
  );
}

import { Badge, Tooltip } from '@mantine/core';
import { IconBolt, IconCloudOff, IconHistory, IconRefresh } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { styleReadableBadgeText } from '../components/badgeText';
import { announcePolitelyToReaders } from '../lib/announcer';
import { formatCountWithNoun } from '../lib/labels';
import { showToastOnTop } from '../lib/toasts';
import { useLinkState, type LinkState } from '../realtime';
import classes from './LinkPill.module.css';

const looks: Record<LinkState['status'], { color: string; icon: typeof IconBolt }> = {
  live: { color: 'teal', icon: IconBolt },
  connecting: { color: 'gray', icon: IconRefresh },
  reconnecting: { color: 'yellow', icon: IconRefresh },
  'catching-up': { color: 'blue', icon: IconHistory },
  offline: { color: 'red', icon: IconCloudOff },
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
  }
}

const explanations: Record<LinkState['status'], string> = {
  live: 'Everything appears as it happens',
  connecting: 'Connecting to the server',
  reconnecting: 'The connection was lost; trying again',
  'catching-up': 'Fetching what happened while you were away',
  offline: 'No connection; trying again by itself',
};

/** How true the page is right now. Always in sight. */
export function LinkPill() {
  const link = useLinkState();
  const { color, icon: Icon } = looks[link.status];
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
  return (
    <Tooltip label={explanations[status] + overPolling} withArrow>
      <Badge
        variant="light"
        color={color}
        style={styleReadableBadgeText(color)}
        size="lg"
        radius="xl"
        tt="none"
        fw={600}
        tabIndex={0}
        className={classes.pill}
        leftSection={<Icon size={14} aria-hidden className={status === 'reconnecting' ? classes.turning : undefined} />}
        data-testid="link-state"
        data-link={status}
        data-transport={link.transport ?? undefined}
      >
        {describeLinkInWords(link)}
      </Badge>
    </Tooltip>
  );
}

import { Alert, Badge, Group, Text } from '@mantine/core';
import { styleReadableBadgeText } from '../../components/badgeText';
import { TimeAgo } from '../../components/TimeAgo';
import type { OutletState } from '@owlpost/client/rest';
import { useNow } from '../../lib/time';
import { useGapAfterPosition } from './api/findGapOfOutlet';
import { countWaitingEvents, judgeStandingOfOutlet, standingLooks } from './standing';

export function StandingBadge({ outlet }: { outlet: OutletState }) {
  const standing = judgeStandingOfOutlet(outlet, useNow());
  const { label, color, words } = standingLooks[standing];
  return (
    <Badge variant="light" color={color} style={styleReadableBadgeText(color)} radius="xl" tt="none" fw={600} title={words} data-standing={standing}>
      {label}
    </Badge>
  );
}

/** What an outlet was told of, what waits, and what goes wrong. */
export function OutletFacts({ outlet }: { outlet: OutletState }) {
  const { position, lagEvents, deliveredAt, failingSince, lastError, failures } = outlet;
  const standing = judgeStandingOfOutlet(outlet, useNow());
  const hasGap = useGapAfterPosition(position, standing !== 'live' && standing !== 'behind');
  return (
    <>
      <Group gap={6} data-testid="outlet-facts">
        <Text size="xs" c="dimmed" component="div">
          {standing !== 'live' && `${standingLooks[standing].words} `}
          Told of everything up to event {position} · {countWaitingEvents(lagEvents)} ·{' '}
          {deliveredAt ? (
            <>
              last delivery <TimeAgo time={deliveredAt} />
            </>
          ) : (
            'nothing delivered yet'
          )}
          {failures > 0 && ` · ${failures.toLocaleString('en')} failed in all`}
        </Text>
      </Group>
      {lastError && (
        <Text size="xs" c={failingSince ? 'var(--mantine-color-error)' : 'dimmed'} component="div" style={{ overflowWrap: 'anywhere' }} data-testid="last-failure">
          {failingSince ? (
            <>
              Nothing taken since <TimeAgo time={failingSince} />:{' '}
            </>
          ) : (
            'Last failure: '
          )}
          {lastError}
        </Text>
      )}
      {hasGap && (
        <Alert color="orange" role="note" title="Events are gone" data-testid="outlet-gap">
          The log has kept what waits for as long as it may. It is told that something is missing, and goes on with what is left.
        </Alert>
      )}
    </>
  );
}

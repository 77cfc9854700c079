import { Alert } from '@mantine/core';
import { IconCloudOff } from '@tabler/icons-react';
import { formatClockOfTime } from '../lib/time';
import { useLinkState } from '../realtime';

/** Says since when the page is not current, as long as it is not. */
export function StaleBanner() {
  const { status, liveUntil } = useLinkState();
  if (status !== 'offline' && status !== 'reconnecting') return null;
  const since = liveUntil && formatClockOfTime(liveUntil);
  return (
    // The pill has said it: a second voice would say it again.
    <Alert role="note" color="yellow" icon={<IconCloudOff aria-hidden />} mb="md" data-testid="stale-banner">
      {since ? `Showing what was known at ${since}. ` : 'There is no live connection. '}
      What you miss arrives by itself once the connection is back.
    </Alert>
  );
}

import { Alert, Button, Group, Text } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { announcePolitelyToReaders } from '../lib/announcer';
import { checkForNewVersion, newVersionStore } from '../lib/newVersion';
import { useStore } from '../lib/store';
import { useLinkState } from '../realtime';

const WORDS = 'There is a new version of Owl Post.';

/** Says that the page is older than the server, and leaves it to the person when to change that. */
export function NewVersionBar() {
  const isOld = useStore(newVersionStore);
  const [dismissed, setDismissed] = useState(false);
  const { status } = useLinkState();
  useEffect(() => {
    // A server that comes back may be another one.
    if (status === 'live') void checkForNewVersion();
  }, [status]);
  useEffect(() => {
    if (isOld) announcePolitelyToReaders(WORDS);
  }, [isOld]);
  if (!isOld || dismissed) return null;
  return (
    <Alert color="blue" icon={<IconSparkles aria-hidden />} mb="md" data-testid="new-version">
      <Group justify="space-between">
        <Text size="sm">{WORDS} Reload when it suits you: what you have begun to write is kept.</Text>
        <Group gap="xs">
          <Button size="xs" onClick={() => window.location.reload()}>
            Reload
          </Button>
          <Button size="xs" variant="default" onClick={() => setDismissed(true)}>
            Later
          </Button>
        </Group>
      </Group>
    </Alert>
  );
}

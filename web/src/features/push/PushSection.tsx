import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import type { PushSubscription } from '@owlpost/client/rest';
import { useSyncExternalStore } from 'react';
import { QueryFailure } from '../../components/QueryFailure';
import { TimeAgo } from '../../components/TimeAgo';
import { TitledSection } from '../../components/TitledSection';
import { describeClientOfUserAgent } from '../../lib/describeClient';
import { findObstacleToPush, type PushObstacle, pushedStore } from '../../lib/pushSubscription';
import { useCurrentUser } from '../../lib/session';
import { useForgetPushedBrowser, usePushSettings, useSwitchOfPushes } from './api/pushSettings';

const obstacles: Record<PushObstacle, string> = {
  unsupported: 'This browser cannot, or the page was not opened over https.',
  denied: 'This browser does not allow it: change that where it shows the address of this page.',
};

function SwitchOfThisBrowser({ publicKey }: { publicKey: string | undefined }) {
  const me = useCurrentUser();
  const isOn = useSyncExternalStore(pushedStore.subscribe, pushedStore.get)?.userId === me.id;
  const change = useSwitchOfPushes(publicKey);
  const obstacle = findObstacleToPush();
  const failure = change.error instanceof Error ? `It could not be switched on. ${change.error.message}` : undefined;
  return (
    <Switch
      label="Tell me in this browser"
      description={obstacle ? obstacles[obstacle] : 'Also when no page of Owl Post is open.'}
      error={failure}
      checked={isOn && !obstacle}
      disabled={obstacle !== null || !publicKey || change.isPending}
      onChange={(event) => change.mutate(event.currentTarget.checked)}
    />
  );
}

function BrowserRow({ browser }: { browser: PushSubscription }) {
  const forget = useForgetPushedBrowser();
  const name = describeClientOfUserAgent(browser.userAgent);
  return (
    <Group component="li" justify="space-between" wrap="nowrap">
      <div style={{ minWidth: 0 }}>
        <Text size="sm" fw={600} truncate>
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          by {browser.service} · since <TimeAgo time={browser.createdAt} />
          {browser.pushedAt ? (
            <>
              {' '}
              · last told <TimeAgo time={browser.pushedAt} />
            </>
          ) : (
            ' · not told yet'
          )}
        </Text>
      </div>
      <Button size="xs" variant="default" loading={forget.isPending} aria-label={`Tell ${name} nothing`} onClick={() => forget.mutate(browser.id)}>
        Remove
      </Button>
    </Group>
  );
}

/** Which browsers are told of mentions, assignments and escalations while no page has shown them. */
export function PushSection() {
  const settings = usePushSettings();
  return (
    <TitledSection
      title="While you are away"
      description="Mentions, assignments and critical incidents that no page of yours has shown within seconds come as notifications of your system. It lasts as long as the sign-in."
    >
      <Stack>
        <SwitchOfThisBrowser publicKey={settings.data?.publicKey} />
        {settings.isError && <QueryFailure error={settings.error} onRetry={() => void settings.refetch()} />}
        <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
          {settings.data?.subscriptions.map((browser) => (
            <BrowserRow key={browser.id} browser={browser} />
          ))}
        </Stack>
      </Stack>
    </TitledSection>
  );
}

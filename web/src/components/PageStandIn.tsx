import { Button, Center, Group, Loader } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { newVersionStore } from '../lib/newVersion';
import { useStore } from '../lib/store';
import type { StandInProps } from './createLazyPart';
import { EmptyState } from './EmptyState';

/** In the place of a page whose code is on its way, or cannot be had. */
export function PageStandIn({ failed, onRetry }: StandInProps) {
  const isOld = useStore(newVersionStore);
  if (!failed) {
    return (
      <Center mih="50dvh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  return (
    <EmptyState icon={IconPlugConnectedX} title="This page could not be loaded" order={1}>
      <div role="status">
        {isOld
          ? 'There is a new version of Owl Post, and the old one has no such page any more.'
          : 'The server cannot be reached. It is tried again by itself.'}
      </div>
      <Group justify="center" mt="md">
        {isOld && <Button onClick={() => window.location.reload()}>Reload</Button>}
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      </Group>
    </EmptyState>
  );
}

import { Alert, Button, Group, Text } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { describeErrorForPeople } from '../lib/apiError';

export function QueryFailure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <Alert color="red" icon={<IconPlugConnectedX aria-hidden />} title="This could not be loaded">
      <Group justify="space-between">
        <Text size="sm">{describeErrorForPeople(error)}</Text>
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </Group>
    </Alert>
  );
}

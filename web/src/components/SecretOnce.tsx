import { Alert, Code, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { CopyTextButton } from './CopyTextButton';

interface Props {
  /** What it is, such as "Your new token". */
  title: string;
  secret: string;
  /** What the button says, such as "Copy token". */
  copyLabel: string;
  onDismiss: () => void;
  children?: ReactNode;
}

/** A secret that the server tells one time: it stays until whoever asked for it has put it away. */
export function SecretOnce({ title, secret, copyLabel, onDismiss, children }: Props) {
  return (
    <Alert color="blue" title={title} withCloseButton closeButtonLabel="I have it" onClose={onDismiss} role="status" data-testid="secret" data-never-covered>
      <Stack gap="xs">
        <Text size="sm">{children} It is not shown again.</Text>
        <Group gap="xs" align="center">
          <Code style={{ overflowWrap: 'anywhere', userSelect: 'all' }}>{secret}</Code>
          <CopyTextButton label={copyLabel} readText={() => secret} />
        </Group>
      </Stack>
    </Alert>
  );
}

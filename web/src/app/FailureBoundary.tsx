import { Button, Center, Stack, Text, Title } from '@mantine/core';
import { Component, type ReactNode } from 'react';

/** The last resort, when a screen itself broke. */
export class FailureBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Center mih="100dvh" p="md" component="main">
        <Stack align="center">
          <Title order={1} size="h3">
            This page broke
          </Title>
          <Text c="dimmed">Nothing you saved is lost.</Text>
          <Button onClick={() => window.location.reload()}>Load it again</Button>
        </Stack>
      </Center>
    );
  }
}

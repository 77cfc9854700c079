import { Button, Center, Group, Stack, Text, Title } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { forgetWorkerAndItsFiles } from '../lib/workerRegistration';

/** From the server: what this browser keeps may be what is broken. */
function loadPageFromServer(): void {
  void forgetWorkerAndItsFiles().finally(() => window.location.reload());
}

interface Props {
  children: ReactNode;
  /** Where one is: elsewhere it is tried again. */
  place?: string;
  /** Whether the page around it goes on. */
  inner?: boolean;
}

interface State {
  failed: boolean;
  place?: string;
}

/** What broke is said in its place, and what is around it goes on. */
export class FailureBoundary extends Component<Props, State> {
  override state: State = { failed: false, place: this.props.place };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  static getDerivedStateFromProps({ place }: Props, state: State): State | null {
    return place === state.place ? null : { failed: false, place };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    const { inner } = this.props;
    return (
      <Center mih={inner ? '50dvh' : '100dvh'} p="md" component={inner ? 'section' : 'main'} role={inner ? 'alert' : undefined}>
        <Stack align="center">
          <Title order={1} size="h3">
            This page broke
          </Title>
          <Text c="dimmed">Nothing you saved is lost.</Text>
          <Group justify="center">
            {inner && (
              <Button variant="default" onClick={() => this.setState({ failed: false })}>
                Try again
              </Button>
            )}
            <Button onClick={loadPageFromServer}>Load it again</Button>
          </Group>
        </Stack>
      </Center>
    );
  }
}

import { Alert, Button, Group, Modal, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useState } from 'react';

interface Props {
  title: string;
  opened: boolean;
  /** Whether there is something to lose. Asked when it is needed. */
  isDirty: () => boolean;
  onDiscard: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A form in a window that is not closed over unsent words without asking. They are kept in any case but one. */
export function DraftModal({ title, opened, isDirty, onDiscard, onClose, children }: Props) {
  const [asking, setAsking] = useState(false);
  const leave = () => {
    setAsking(false);
    onClose();
  };
  const ask = () => {
    if (asking) setAsking(false);
    else if (isDirty()) setAsking(true);
    else onClose();
  };
  return (
    <Modal opened={opened} onClose={ask} title={title} size="lg">
      {asking && (
        <Alert color="yellow" role="alert" title="You have not sent this yet" mb="md">
          <Text size="sm" mb="xs">
            A draft stays in this browser until you send or discard it.
          </Text>
          <Group gap="xs">
            <Button size="xs" autoFocus onClick={() => setAsking(false)}>
              Keep editing
            </Button>
            <Button size="xs" variant="default" onClick={leave}>
              Keep as draft
            </Button>
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                onDiscard();
                leave();
              }}
            >
              Discard
            </Button>
          </Group>
        </Alert>
      )}
      {opened && children}
    </Modal>
  );
}

/** Says that what is shown was begun earlier, and how to be rid of it. */
export function DraftNotice({ onDiscard }: { onDiscard: () => void }) {
  return (
    <Group justify="space-between" role="status">
      <Text size="sm">This is your draft.</Text>
      <Button size="xs" variant="default" onClick={onDiscard}>
        Discard draft
      </Button>
    </Group>
  );
}

import { Alert, Button, Group, Modal, Text } from '@mantine/core';
import { Fragment, useState, type ReactNode } from 'react';
import type { DraftAccess } from '../../lib/drafts';

interface Props {
  title: string;
  opened: boolean;
  draft: Pick<DraftAccess<unknown>, 'read'> & { write: (value: undefined) => void };
  onClose: () => void;
  /** The form. It begins anew when its draft is discarded. */
  children: (onDiscard: () => void) => ReactNode;
}

/** A form in a window that is not closed over unsent words without asking. They are kept in any case but one. */
export function DraftModal({ title, opened, draft, onClose, children }: Props) {
  const [asking, setAsking] = useState(false);
  const [round, setRound] = useState(0);
  const discard = () => {
    draft.write(undefined);
    setRound(round + 1);
  };
  const leave = () => {
    setAsking(false);
    onClose();
  };
  const ask = () => {
    if (asking) setAsking(false);
    else if (draft.read() !== undefined) setAsking(true);
    else onClose();
  };
  return (
    <Modal opened={opened} onClose={ask} title={title} size="lg">
      {asking && (
        <Alert color="yellow" role="alert" title="You have not sent this yet" mb="md" data-never-covered>
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
                discard();
                leave();
              }}
            >
              Discard
            </Button>
          </Group>
        </Alert>
      )}
      {opened && <Fragment key={round}>{children(discard)}</Fragment>}
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

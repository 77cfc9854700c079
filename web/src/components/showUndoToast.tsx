import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { announcePolitelyToReaders } from '../lib/announcer';
import { hideUntilSentOrUndone, undoBeforeItIsSent, UNDO_MS } from '../lib/undoable';

/** Deletes something with time for second thoughts: it is gone from the page at once, and from the server when the toast is. */
export function deleteWithUndoToast(id: string, what: string, send: () => void): void {
  const toast = `undo-${id}`;
  hideUntilSentOrUndone(id, () => {
    notifications.hide(toast);
    send();
  });
  const undo = () => {
    notifications.hide(toast);
    if (undoBeforeItIsSent(id)) announcePolitelyToReaders(`${what}: undone`);
  };
  notifications.show({
    id: toast,
    autoClose: UNDO_MS,
    withCloseButton: false,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{what}</Text>
        <Button size="compact-sm" variant="default" onClick={undo}>
          Undo
        </Button>
      </Group>
    ),
  });
}

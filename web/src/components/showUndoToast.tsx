import { Button, Group, Text } from '@mantine/core';
import { announcePolitelyToReaders } from '../lib/announcer';
import { hideToastWithId, showToastOnTop } from '../lib/toasts';
import { hideUntilSentOrUndone, undoBeforeItIsSent, UNDO_MS } from '../lib/undoable';

/** Deletes something with time for second thoughts: it is gone from the page at once, and from the server when the toast is. */
export function deleteWithUndoToast(id: string, what: string, send: () => void): void {
  const toast = `undo-${id}`;
  hideUntilSentOrUndone(id, () => {
    hideToastWithId(toast);
    send();
  });
  const undo = () => {
    hideToastWithId(toast);
    if (undoBeforeItIsSent(id)) announcePolitelyToReaders(`${what}: undone`);
  };
  showToastOnTop({
    id: toast,
    autoClose: UNDO_MS,
    withCloseButton: false,
    words: `${what}. It can be undone.`,
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

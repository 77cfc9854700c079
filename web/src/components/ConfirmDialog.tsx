import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { describeErrorForPeople } from '../lib/apiError';

interface Props {
  title: string;
  /** What the button does. */
  deed: string;
  mutation: { isPending: boolean; error: unknown };
  ready?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asked before something that is not easily undone. */
export function ConfirmDialog({ title, deed, mutation, ready = true, onConfirm, onClose, children }: Props) {
  return (
    <Modal opened onClose={onClose} title={title}>
      <form
        data-never-covered
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onConfirm();
        }}
      >
        <Stack>
          {mutation.error ? (
            <Alert color="red" role="alert">
              {describeErrorForPeople(mutation.error)}
            </Alert>
          ) : null}
          {children}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red.9" disabled={!ready} loading={mutation.isPending}>
              {deed}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

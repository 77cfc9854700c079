import { Code, List, Text, TextInput } from '@mantine/core';
import type { Role, User } from '@owlpost/client';
import { useState } from 'react';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { roleLabels } from '../../lib/roles';
import { useCurrentUser } from '../../lib/session';
import { useChangePerson } from './api/changePerson';
import { useDeletePerson } from './api/deletePerson';

interface DialogProps {
  person: User;
  onClose: () => void;
}

export function DeactivateDialog({ person, onClose }: DialogProps) {
  const isMe = useCurrentUser().id === person.id;
  const change = useChangePerson(person.id);
  return (
    <ConfirmDialog
      title={`Deactivate ${person.name}`}
      deed="Deactivate"
      mutation={change}
      onConfirm={() => change.mutate({ active: false }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <List size="sm" spacing={4}>
        <List.Item>They are signed out everywhere within a second, and cannot sign in.</List.Item>
        <List.Item>Their API tokens are revoked.</List.Item>
        <List.Item>Nobody can assign them anything, and they are told of nothing.</List.Item>
        <List.Item>What they wrote stays, under their name.</List.Item>
      </List>
      <Text size="sm">{isMe ? 'This is you: only another Auror can let you in again.' : 'You can let them in again later.'}</Text>
    </ConfirmDialog>
  );
}

/** For good, so it is typed. */
export function DeleteDialog({ person, onClose }: DialogProps) {
  const remove = useDeletePerson(person.id);
  const [typed, setTyped] = useState('');
  return (
    <ConfirmDialog
      title={`Delete ${person.name}`}
      deed="Delete for good"
      mutation={remove}
      ready={typed.trim() === person.handle}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <List size="sm" spacing={4}>
        <List.Item>Name, address, handle, password, notifications and API tokens are gone, at once and for good.</List.Item>
        <List.Item>What they wrote stays, as that of a deleted user.</List.Item>
      </List>
      <TextInput
        label={
          <>
            Type <Code>{person.handle}</Code> to delete them
          </>
        }
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        data-autofocus
      />
    </ConfirmDialog>
  );
}

/** One can lock oneself out of this page: asked before. */
export function StepDownDialog({ person, role, onClose }: DialogProps & { role: Role }) {
  const change = useChangePerson(person.id);
  return (
    <ConfirmDialog
      title={`Become a ${roleLabels[role]}`}
      deed="Step down"
      mutation={change}
      onConfirm={() => change.mutate({ role }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">This is you. You lose this page, and only another Auror can give it back.</Text>
    </ConfirmDialog>
  );
}

import { ActionIcon, Alert, Badge, Button, Group, Menu, Stack, Text } from '@mantine/core';
import type { Role, User } from '@owlpost/client';
import { IconDots, IconKey, IconTrash, IconUserOff } from '@tabler/icons-react';
import { useState } from 'react';
import { UserAvatar } from '../../components/UserAvatar';
import { announcePolitelyToReaders } from '../../lib/announcer';
import { describeErrorForPeople } from '../../lib/apiError';
import { roleLabels } from '../../lib/roles';
import { useCurrentUser } from '../../lib/session';
import { useChangePerson } from './api/changePerson';
import { useCreatePasswordReset } from './api/createPasswordReset';
import { OneTimeLink } from './OneTimeLink';
import { DeactivateDialog, DeleteDialog, StepDownDialog } from './PersonDialogs';
import { RoleSelect } from './RoleSelect';

type Question = 'deactivate' | 'delete' | { stepDownTo: Role };

interface DeedsProps {
  person: User;
  deactivated: boolean;
  onAsk: (question: Question) => void;
  onReset: () => void;
}

function DeedsMenu({ person, deactivated, onAsk, onReset }: DeedsProps) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label={`What to do about ${person.name}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {!deactivated && (
          <>
            <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={onReset}>
              Link to set a new password
            </Menu.Item>
            <Menu.Item leftSection={<IconUserOff size={16} aria-hidden />} onClick={() => onAsk('deactivate')}>
              Deactivate
            </Menu.Item>
          </>
        )}
        <Menu.Item c="var(--mantine-color-error)" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => onAsk('delete')}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Dialogs({ person, question, onClose }: { person: User; question: Question | null; onClose: () => void }) {
  if (question === 'deactivate') return <DeactivateDialog person={person} onClose={onClose} />;
  if (question === 'delete') return <DeleteDialog person={person} onClose={onClose} />;
  if (question) return <StepDownDialog person={person} role={question.stepDownTo} onClose={onClose} />;
  return null;
}

/** One person, and what an Auror may do about them. */
export function PersonRow({ person, deactivated }: { person: User; deactivated: boolean }) {
  const me = useCurrentUser();
  const isMe = person.id === me.id;
  const change = useChangePerson(person.id);
  const reset = useCreatePasswordReset(person.id);
  const [question, ask] = useState<Question | null>(null);
  const changeRole = (role: Role) => {
    if (isMe) return ask({ stepDownTo: role });
    change.mutate({ role }, { onSuccess: () => announcePolitelyToReaders(`${person.name} is a ${roleLabels[role]} now`) });
  };
  const failure = change.error ?? reset.error;
  return (
    <Stack component="li" gap="xs" data-testid="person" aria-label={person.name}>
      <Group justify="space-between">
        <Group gap="sm" wrap="nowrap" style={{ minWidth: 0, flex: '1 1 240px' }}>
          <UserAvatar user={person} size={36} aria-hidden />
          <div style={{ minWidth: 0 }}>
            <Group gap="xs" wrap="nowrap">
              <Text size="sm" fw={600} truncate>
                {person.name}
              </Text>
              {isMe && <Badge variant="light">You</Badge>}
            </Group>
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              @{person.handle} · {person.email}
            </Text>
          </div>
        </Group>
        <Group gap="xs" wrap="nowrap">
          {deactivated ? (
            <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ active: true })}>
              Let in again
            </Button>
          ) : (
            <RoleSelect
              aria-label={`Role of ${person.name}`}
              value={change.isPending && change.variables.role ? change.variables.role : person.role}
              onChange={changeRole}
              disabled={change.isPending}
              w={120}
            />
          )}
          <DeedsMenu person={person} deactivated={deactivated} onAsk={ask} onReset={() => reset.mutate()} />
        </Group>
      </Group>
      {failure && (
        <Alert color="red" role="alert">
          {describeErrorForPeople(failure)}
        </Alert>
      )}
      {reset.data && <OneTimeLink title={`A new password for ${person.name}`} link={reset.data} onDismiss={reset.reset} />}
      <Dialogs person={person} question={question} onClose={() => ask(null)} />
    </Stack>
  );
}

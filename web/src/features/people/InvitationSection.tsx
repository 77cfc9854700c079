import { Button, Group, Loader, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { Role } from '@owlpost/client';
import type { Invitation } from '@owlpost/client/rest';
import { FormFailure } from '../../components/FormFailure';
import { QueryFailure } from '../../components/QueryFailure';
import { TimeAgo } from '../../components/TimeAgo';
import { TitledSection } from '../../components/TitledSection';
import { describeErrorForPeople } from '../../lib/apiError';
import { roleLabels } from '../../lib/roles';
import { formatTimeInFull } from '../../lib/time';
import { useServerForm } from '../../lib/useServerForm';
import { useCreateInvitation, useOpenInvitations, useWithdrawInvitation } from './api/invitations';
import { OneTimeLink } from './OneTimeLink';
import { RoleSelect } from './RoleSelect';

function InvitationForm() {
  const create = useCreateInvitation();
  const form = useForm<{ email: string; role: Role }>({ initialValues: { email: '', role: 'STUDENT' } });
  const submit = useServerForm(form, async ({ email, role }: { email: string; role: Role }) => {
    const link = await create.mutateAsync({ role, email: email.trim() || undefined });
    form.reset();
    return link;
  });
  return (
    <form onSubmit={form.onSubmit((values) => submit.mutate(values))} noValidate aria-label="New invitation">
      <Stack>
        <FormFailure error={submit.error} />
        <Group align="flex-start">
          <TextInput
            label="Email"
            description="Empty: whoever has the link may use it."
            type="email"
            autoComplete="off"
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            style={{ flex: '1 1 240px' }}
            {...form.getInputProps('email')}
          />
          <RoleSelect label="They become" w={140} value={form.values.role} onChange={(role) => form.setFieldValue('role', role)} />
        </Group>
        <Button type="submit" variant="default" loading={submit.isPending} style={{ alignSelf: 'flex-start' }}>
          Invite
        </Button>
        {submit.data && <OneTimeLink title="The invitation" link={submit.data} onDismiss={submit.reset} />}
      </Stack>
    </form>
  );
}

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const withdraw = useWithdrawInvitation();
  const whom = invitation.email ?? 'Whoever has the link';
  return (
    <Group component="li" justify="space-between">
      <div style={{ minWidth: 0, flex: '1 1 240px' }}>
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {whom}
        </Text>
        <Text size="xs" c="dimmed">
          {roleLabels[invitation.role]} · invited <TimeAgo time={invitation.createdAt} /> · good until {formatTimeInFull(invitation.expiresAt)}
        </Text>
        {withdraw.error && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            {describeErrorForPeople(withdraw.error)}
          </Text>
        )}
      </div>
      <Button
        size="xs"
        variant="default"
        loading={withdraw.isPending}
        aria-label={`Withdraw the invitation of ${whom}`}
        onClick={() => withdraw.mutate(invitation.id)}
      >
        Withdraw
      </Button>
    </Group>
  );
}

export function InvitationSection() {
  const invitations = useOpenInvitations();
  return (
    <TitledSection title="Invitations" description="A link to register with, also where registration is closed; good once.">
      <Stack gap="lg">
        <InvitationForm />
        {invitations.isPending && <Loader aria-label="Loading" size="sm" />}
        {invitations.isError && <QueryFailure error={invitations.error} onRetry={() => void invitations.refetch()} />}
        {invitations.data && invitations.data.length > 0 && (
          <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Open invitations">
            {invitations.data.map((invitation) => (
              <InvitationRow key={invitation.id} invitation={invitation} />
            ))}
          </Stack>
        )}
      </Stack>
    </TitledSection>
  );
}

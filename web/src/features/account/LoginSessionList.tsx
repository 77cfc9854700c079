import { Badge, Button, Group, Loader, Stack, Text } from '@mantine/core';
import type { ListedLogin } from '@owlpost/client/rest';
import { QueryFailure } from '../../components/QueryFailure';
import { TimeAgo } from '../../components/TimeAgo';
import { TitledSection } from '../../components/TitledSection';
import { describeErrorForPeople } from '../../lib/apiError';
import { useEndLoginSession, useLoginSessions } from './api/loginSessions';
import { describeClientOfUserAgent } from '../../lib/describeClient';

function LoginRow({ login, onSignOut }: { login: ListedLogin; onSignOut: () => void }) {
  const end = useEndLoginSession();
  const client = describeClientOfUserAgent(login.userAgent);
  return (
    <Group component="li" justify="space-between" wrap="nowrap">
      <div style={{ minWidth: 0 }}>
        <Group gap="xs">
          <Text size="sm" fw={600} truncate title={login.userAgent ?? undefined}>
            {client}
          </Text>
          {login.current && <Badge variant="light">This one</Badge>}
        </Group>
        <Text size="xs" c="dimmed">
          {login.address ?? 'an unknown address'} · last used <TimeAgo time={login.lastUsedAt} /> · since <TimeAgo time={login.createdAt} />
        </Text>
        {end.error && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            {describeErrorForPeople(end.error)}
          </Text>
        )}
      </div>
      <Button
        size="xs"
        variant="default"
        loading={end.isPending}
        aria-label={login.current ? 'Sign out here' : `Sign out ${client}`}
        style={{ flexShrink: 0 }}
        onClick={() => (login.current ? onSignOut() : end.mutate(login.id))}
      >
        Sign out
      </Button>
    </Group>
  );
}

/** `onSignOut`: what ends the sign-in of this browser, which must forget its tokens as well. */
export function LoginSessionList({ onSignOut }: { onSignOut: () => void }) {
  const sessions = useLoginSessions();
  return (
    <TitledSection title="Where you are signed in" description="What you sign out here ends within a second.">
      {sessions.isPending && <Loader aria-label="Loading" size="sm" />}
      {sessions.isError && <QueryFailure error={sessions.error} onRetry={() => void sessions.refetch()} />}
      <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
        {sessions.data?.map((login) => (
          <LoginRow key={login.id} login={login} onSignOut={onSignOut} />
        ))}
      </Stack>
    </TitledSection>
  );
}

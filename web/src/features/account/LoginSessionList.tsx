import { Badge, Button, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { QueryFailure } from '../../components/QueryFailure';
import { TimeAgo } from '../../components/TimeAgo';
import { useEndLoginSession, useLoginSessions } from './api/loginSessions';

export function LoginSessionList() {
  const sessions = useLoginSessions();
  const end = useEndLoginSession();
  return (
    <section aria-label="Where you are signed in">
      <Title order={2} size="h4" mb="sm">
        Where you are signed in
      </Title>
      {sessions.isPending && <Loader aria-label="Loading" size="sm" />}
      {sessions.isError && <QueryFailure error={sessions.error} onRetry={() => void sessions.refetch()} />}
      <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
        {sessions.data?.map((session) => (
          <Group component="li" key={session.id} justify="space-between" wrap="nowrap">
            <div style={{ minWidth: 0 }}>
              <Text size="sm" fw={600} truncate>
                {session.userAgent ?? 'An unknown client'}
              </Text>
              <Text size="xs" c="dimmed">
                {session.address ?? 'an unknown address'} · last used <TimeAgo time={session.lastUsedAt} />
              </Text>
            </div>
            {session.current ? (
              <Badge variant="light">This one</Badge>
            ) : (
              <Button size="xs" variant="default" loading={end.isPending && end.variables === session.id} onClick={() => end.mutate(session.id)}>
                Sign out
              </Button>
            )}
          </Group>
        ))}
      </Stack>
    </section>
  );
}

import { Badge, Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ApiToken } from '@owlpost/client/rest';
import { TimeAgo } from '../../components/TimeAgo';
import { describeErrorForPeople } from '../../lib/apiError';
import { formatDayOfTime } from '../../lib/time';
import { useRevokeApiToken } from './api/apiTokens';
import { scopeLabels } from './scopes';

/** Asked twice: a tool that stops is noticed by its silence. */
function RevokeButton({ token }: { token: ApiToken }) {
  const [asked, ask] = useDisclosure();
  const revoke = useRevokeApiToken();
  if (!asked) {
    return (
      <Button size="xs" variant="default" aria-label={`Revoke ${token.name}`} onClick={ask.open}>
        Revoke
      </Button>
    );
  }
  return (
    <Group gap="xs" justify="flex-end">
      {revoke.error && (
        <Text size="xs" c="var(--mantine-color-error)" role="alert">
          {describeErrorForPeople(revoke.error)}
        </Text>
      )}
      <Button size="xs" color="red.9" loading={revoke.isPending} onClick={() => revoke.mutate(token.id)} data-autofocus autoFocus>
        Revoke for good
      </Button>
      <Button size="xs" variant="default" onClick={ask.close}>
        Keep
      </Button>
    </Group>
  );
}

export function ApiTokenRow({ token, showOwner }: { token: ApiToken; showOwner: boolean }) {
  return (
    <Group component="li" justify="space-between">
      <div style={{ minWidth: 0, flex: '1 1 260px' }}>
        <Group gap={6}>
          <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
            {token.name}
          </Text>
          {token.scopes.map((scope) => (
            <Badge key={scope} variant="outline" color="gray" tt="none" style={{ '--badge-color': 'var(--mantine-color-text)' }}>
              {scopeLabels[scope]}
            </Badge>
          ))}
        </Group>
        <Text size="xs" c="dimmed" component="div">
          {showOwner && `${token.owner.name} · `}
          {token.lastUsedAt ? (
            <>
              last used <TimeAgo time={token.lastUsedAt} />
            </>
          ) : (
            'never used'
          )}
          {' · '}
          {token.expiresAt ? `expires ${formatDayOfTime(token.expiresAt)}` : 'does not expire'}
        </Text>
      </div>
      <RevokeButton token={token} />
    </Group>
  );
}

import { Avatar, Group, Text, Tooltip } from '@mantine/core';
import { UserAvatar } from '../../components/UserAvatar';
import { joinNamesForReading } from '../../lib/labels';
import { useCurrentUser } from '../../lib/session';
import { useLinkState } from '../../realtime';
import { useViewers } from './api/listViewers';

const MOST_SHOWN = 5;

/** "3 users viewing this incident", with faces. Names come on hover and on focus. */
export function IncidentViewers({ incidentId, roomSettled }: { incidentId: string; roomSettled: boolean }) {
  const me = useCurrentUser();
  const { data } = useViewers(incidentId, roomSettled);
  const { status } = useLinkState();
  const isStale = status === 'offline' || status === 'reconnecting';
  if (!data) return null;
  const shown = data.users.slice(0, MOST_SHOWN);
  const rest = data.users.slice(MOST_SHOWN);
  const nameOf = (user: { id: string; name: string }) => (user.id === me.id ? `${user.name} (you)` : user.name);
  return (
    <Group gap="xs" data-testid="viewers" data-stale={isStale || undefined} role="group" aria-label="People viewing this incident">
      <Tooltip.Group openDelay={100} closeDelay={100}>
        <Avatar.Group spacing={5}>
          {shown.map((user) => (
            <Tooltip key={user.id} label={nameOf(user)} withArrow events={{ hover: true, focus: true, touch: true }}>
              <UserAvatar user={user} color={isStale ? 'gray.8' : 'initials'} size={30} title={undefined} tabIndex={0} data-viewer-id={user.id} />
            </Tooltip>
          ))}
          {rest.length > 0 && (
            <Tooltip label={joinNamesForReading(rest.map(nameOf))} withArrow>
              <Avatar size={30} radius="xl" tabIndex={0}>
                +{rest.length}
              </Avatar>
            </Tooltip>
          )}
        </Avatar.Group>
      </Tooltip.Group>
      <Text size="sm" c="dimmed" role="status">
        {data.count === 1 ? '1 user' : `${data.count} users`} {isStale ? 'viewed this incident when the connection was lost' : 'viewing this incident'}
      </Text>
    </Group>
  );
}

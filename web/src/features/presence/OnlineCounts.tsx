import { Group, Popover, ScrollArea, Skeleton, Stack, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { Role, User } from '@owlpost/client';
import { UserAvatar } from '../../components/UserAvatar';
import { useAlertHeight } from '../../lib/alertHeight';
import { roleLabels } from '../../lib/roles';
import { useLinkState } from '../../realtime';
import { useOnlineUsers } from './api/listOnlineUsers';
import { describeOnlineCountsInWords } from './counts';
import classes from './OnlineCounts.module.css';

const order: readonly Role[] = ['AUROR', 'PREFECT', 'STUDENT'];

function RoleGroup({ role, users }: { role: Role; users: User[] }) {
  if (users.length === 0) return null;
  return (
    <section aria-label={`${roleLabels[role]}s online`}>
      <Text size="xs" fw={700} c="dimmed" mb={6}>
        {roleLabels[role]}s · {users.length}
      </Text>
      <ul className={classes.people}>
        {users.map((user) => (
          <li key={user.id}>
            <Group gap="xs" wrap="nowrap">
              <UserAvatar user={user} size={26} aria-hidden />
              <Text size="sm" truncate>
                {user.name}
              </Text>
            </Group>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "5 Aurors online, 12 Prefects online": who could help now. Click for the names. */
export function OnlineCounts() {
  const { data } = useOnlineUsers();
  const { status } = useLinkState();
  // Who is there now nobody knows without a link.
  const isStale = status === 'offline' || status === 'reconnecting';
  const offset = 8 + useAlertHeight();
  if (!data) return <Skeleton height={14} width={210} aria-hidden />;
  return (
    <Popover width={280} position="bottom-start" offset={offset} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.button} data-testid="online-counts" data-stale={isStale || undefined}>
          <span className={classes.dot} aria-hidden />
          <span className={classes.words}>{describeOnlineCountsInWords(data.byRole)}</span>
          {isStale && <VisuallyHidden>(before the connection was lost)</VisuallyHidden>}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <ScrollArea.Autosize mah={360} type="auto">
          <Stack gap="md" tabIndex={0} data-autofocus className={classes.list}>
            {order.map((role) => (
              <RoleGroup key={role} role={role} users={data.users.filter((user) => user.role === role)} />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

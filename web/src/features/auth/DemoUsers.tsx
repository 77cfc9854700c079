import { Button, Divider, SimpleGrid, Text } from '@mantine/core';
import type { Credentials } from '@owlpost/client/rest';
import { UserAvatar } from '../../components/UserAvatar';
import { roleLabels } from '../../lib/roles';
import { useMeta } from './api/getMeta';
import classes from './DemoUsers.module.css';

/** With `--demo` the server names people whose shoes anyone may step into. */
export function DemoUsers({ disabled, onChoose }: { disabled: boolean; onChoose: (user: Credentials) => void }) {
  const { data: meta } = useMeta();
  const users = meta?.demo ? (meta.demoUsers ?? []) : [];
  if (users.length === 0) return null;
  return (
    <section aria-label="Demo users">
      <Divider my="lg" label="Demo castle: step into someone’s shoes" />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
        {users.map((user) => (
          <Button
            key={user.email}
            variant="default"
            justify="flex-start"
            h={52}
            px="xs"
            disabled={disabled}
            leftSection={<UserAvatar user={user} aria-hidden />}
            classNames={{ label: classes.label }}
            onClick={() => onChoose({ email: user.email, password: user.password })}
          >
            <Text size="sm" fw={600} truncate maw="100%">
              {user.name}
            </Text>
            <Text size="xs" c="dimmed">
              {roleLabels[user.role]}
            </Text>
          </Button>
        ))}
      </SimpleGrid>
    </section>
  );
}

import { Group, Text } from '@mantine/core';
import type { Role } from '@owlpost/client';
import { TitledSection } from '../../components/TitledSection';
import { UserAvatar } from '../../components/UserAvatar';
import { roleLabels } from '../../lib/roles';
import { useCurrentUser } from '../../lib/session';

const mayDo: Record<Role, string> = {
  STUDENT: 'You may report incidents, comment, and change what you reported.',
  PREFECT: 'You may change, assign and resolve every incident.',
  AUROR: 'You may change, assign and resolve every incident, and manage people.',
};

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <Text component="dt" size="xs" fw={600} c="dimmed">
        {name}
      </Text>
      <Text component="dd" size="sm" m={0} style={{ overflowWrap: 'anywhere' }}>
        {value}
      </Text>
    </div>
  );
}

/** Who one is to everybody else. The server has no way to change it, so it is said rather than offered. */
export function ProfileSection() {
  const me = useCurrentUser();
  return (
    <TitledSection title="Profile" description={`Name, email and handle are those you registered with, and stay. Your role is given by Aurors. ${mayDo[me.role]}`}>
      <Group align="flex-start" wrap="nowrap">
        <UserAvatar user={me} size={48} aria-hidden />
        <Group component="dl" gap="lg" m={0} align="flex-start">
          <Fact name="Name" value={me.name} />
          <Fact name="Email" value={me.email} />
          <Fact name="Handle" value={`@${me.handle}`} />
          <Fact name="Role" value={roleLabels[me.role]} />
        </Group>
      </Group>
    </TitledSection>
  );
}

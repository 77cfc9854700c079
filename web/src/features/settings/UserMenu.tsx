import { Menu, Text, UnstyledButton, useMantineColorScheme, VisuallyHidden, type MantineColorScheme } from '@mantine/core';
import { IconApi, IconLogout, IconSend, IconUserCog, IconUsersGroup } from '@tabler/icons-react';
import { Link } from 'react-router';
import { UserAvatar } from '../../components/UserAvatar';
import { useAlertHeight } from '../../lib/alertHeight';
import { addBasePathTo } from '../../lib/basePath';
import { roleLabels } from '../../lib/roles';
import { useCurrentUser } from '../../lib/session';
import { type SoundChoice, useSettings } from '../../lib/settings';
import { useSoundBlocked } from '../../lib/sound';
import { chooseRepeatsForThisBrowser, chooseSingleKeysForThisBrowser, chooseSoundForThisBrowser, schemes, sounds } from './choices';
import { useToastOfChangedRole } from './useToastOfChangedRole';

function PagesOfAurors() {
  return (
    <>
      <Menu.Item component={Link} to="/people" leftSection={<IconUsersGroup size={16} aria-hidden />} closeMenuOnClick>
        People
      </Menu.Item>
      <Menu.Item component={Link} to="/outlets" leftSection={<IconSend size={16} aria-hidden />} closeMenuOnClick>
        Outlets
      </Menu.Item>
    </>
  );
}

export function UserMenu({ onLogout }: { onLogout: () => void }) {
  const me = useCurrentUser();
  useToastOfChangedRole(me.role);
  const { sound, repeats, singleKeys } = useSettings();
  const silent = useSoundBlocked();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu width={240} position="bottom-end" offset={8 + useAlertHeight()} shadow="lg" withinPortal={false} closeOnItemClick={false}>
      <Menu.Target>
        <UnstyledButton style={{ borderRadius: '50%' }}>
          <UserAvatar user={me} size={34} aria-hidden />
          <VisuallyHidden>Account and settings of {me.name}</VisuallyHidden>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>
            {me.name}
          </Text>
          <Text size="xs" truncate>
            {roleLabels[me.role]} · {me.email}
          </Text>
        </Menu.Label>
        <Menu.Divider />
        <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as MantineColorScheme)}>
          <Menu.Label>Appearance</Menu.Label>
          {schemes.map(([value, label]) => (
            <Menu.RadioItem key={value} value={value}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.RadioGroup value={sound} onChange={(value) => chooseSoundForThisBrowser(value as SoundChoice)}>
          <Menu.Label>Sound{silent && sound !== 'off' ? ' (after your first click)' : ''}</Menu.Label>
          {sounds.map(([value, label]) => (
            <Menu.RadioItem key={value} value={value}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.CheckboxItem checked={repeats} disabled={sound === 'off'} onChange={chooseRepeatsForThisBrowser}>
          Repeat alerts until seen
        </Menu.CheckboxItem>
        <Menu.Divider />
        <Menu.CheckboxItem checked={singleKeys} onChange={chooseSingleKeysForThisBrowser}>
          Shortcuts of a single key
        </Menu.CheckboxItem>
        <Menu.Divider />
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCog size={16} aria-hidden />} closeMenuOnClick>
          Your account
        </Menu.Item>
        {me.role === 'AUROR' && <PagesOfAurors />}
        <Menu.Item component="a" href={addBasePathTo('/docs')} leftSection={<IconApi size={16} aria-hidden />}>
          API reference
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={onLogout}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

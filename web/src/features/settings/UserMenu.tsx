import { Menu, Text, UnstyledButton, useMantineColorScheme, VisuallyHidden, type MantineColorScheme } from '@mantine/core';
import { IconApi, IconKey, IconLogout } from '@tabler/icons-react';
import { UserAvatar } from '../../components/UserAvatar';
import { useAlertHeight } from '../../lib/alertHeight';
import { addBasePathTo } from '../../lib/basePath';
import { roleLabels } from '../../lib/roles';
import { useCurrentUser } from '../../lib/session';
import { settingsStore, type SoundChoice, useSettings } from '../../lib/settings';
import { previewSoundAfterChoice, useSoundBlocked } from '../../lib/sound';
import { useToastOfChangedRole } from './useToastOfChangedRole';

const schemes: readonly [MantineColorScheme, string][] = [
  ['auto', 'Like the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];
const sounds: readonly [SoundChoice, string][] = [
  ['all', 'Everything new'],
  ['urgent', 'Urgent only'],
  ['off', 'Off'],
];

function chooseSoundForThisBrowser(sound: SoundChoice): void {
  settingsStore.set({ ...settingsStore.get(), sound });
  if (sound !== 'off') previewSoundAfterChoice();
}

export function UserMenu({ onAccount, onLogout }: { onAccount: () => void; onLogout: () => void }) {
  const me = useCurrentUser();
  useToastOfChangedRole(me.role);
  const { sound, repeats } = useSettings();
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
        <Menu.CheckboxItem
          checked={repeats}
          disabled={sound === 'off'}
          onChange={(checked) => settingsStore.set({ ...settingsStore.get(), repeats: checked })}
        >
          Repeat alerts until seen
        </Menu.CheckboxItem>
        <Menu.Divider />
        <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={onAccount} closeMenuOnClick>
          Password and sign-ins
        </Menu.Item>
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

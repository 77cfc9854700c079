import { Kbd, Modal, Switch, Table } from '@mantine/core';
import { changeSettingsOfThisBrowser, useSettings } from '../../lib/settings';

const control = /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘' : 'Ctrl';

const shortcuts: readonly (readonly [keys: readonly string[], does: string])[] = [
  [[`${control} K`], 'Do or find anything'],
  [['/'], 'Search incidents'],
  [['c'], 'Report an incident'],
  [['j', 'k'], 'Next and previous incident of the list'],
  [['Enter'], 'Open the incident that has the focus'],
  [['t'], 'Take it: the one with the focus, of the page, or the first alert'],
  [['e'], 'Edit the incident of the page'],
  [['↑', '↓'], 'From comment to comment'],
  [[`${control} Enter`], 'Post a comment'],
  [['?'], 'This list'],
];

export function ShortcutHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { singleKeys } = useSettings();
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts">
      <Table>
        <Table.Tbody>
          {shortcuts.map(([keys, does]) => (
            <Table.Tr key={does}>
              <Table.Th scope="row" w={110} fw={400}>
                {keys.map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Th>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Switch
        mt="md"
        label="Shortcuts of a single key"
        description="Off, only those with another key work: for speech input, and whoever hits keys by accident"
        checked={singleKeys}
        onChange={(event) => changeSettingsOfThisBrowser({ singleKeys: event.currentTarget.checked })}
      />
    </Modal>
  );
}

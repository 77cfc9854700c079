import { Combobox, Group, Kbd, Modal, Text, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { SeverityBadge } from '../../components/SeverityBadge';
import { shortenIncidentIdForPeople } from '../../entities/incident';
import { useIncidentSearch } from './api/searchIncidents';
import { type Command, findCommandsByWords } from './commands';

const SEARCH_DELAY_MS = 150;

interface Props {
  opened: boolean;
  onClose: () => void;
  commands: readonly Command[];
}

function CommandField({ commands, onChoose }: { commands: readonly Command[]; onChoose: (run: () => void) => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), SEARCH_DELAY_MS);
  const found = useIncidentSearch(q);
  const combobox = useCombobox({ opened: true });
  const shown = findCommandsByWords(commands, text);
  const choose = (value: string) => {
    const command = shown.find(({ name }) => name === value);
    onChoose(command ? command.run : () => void navigate(`/incidents/${value}`));
  };
  const names = [...shown.map(({ name }) => name), ...found.map(({ id }) => id)].join();
  const { selectFirstOption } = combobox;
  // The store's functions are new at every render.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  useEffect(() => void selectFirstOption(), [names]);
  return (
    <Combobox store={combobox} onOptionSubmit={choose}>
      <Combobox.EventsTarget withExpandedAttribute>
        <TextInput
          data-autofocus
          aria-label="Find a command or an incident"
          placeholder="Do something, or find an incident by words, place or OWL-…"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </Combobox.EventsTarget>
      <Combobox.Options aria-label="Commands and incidents" mah="min(420px, 55vh)" mt="xs" style={{ overflowY: 'auto' }}>
        {(['Actions', 'Pages'] as const).map((group) => {
          const ofGroup = shown.filter((command) => command.group === group);
          return (
            ofGroup.length > 0 && (
              <Combobox.Group key={group} label={group}>
                {ofGroup.map(({ name, keys }) => (
                  <Combobox.Option key={name} value={name}>
                    <Group justify="space-between" wrap="nowrap">
                      <span>{name}</span>
                      {keys && <Kbd size="xs">{keys}</Kbd>}
                    </Group>
                  </Combobox.Option>
                ))}
              </Combobox.Group>
            )
          );
        })}
        {found.length > 0 && (
          <Combobox.Group label="Incidents">
            {found.map((incident) => (
              <Combobox.Option key={incident.id} value={incident.id}>
                <Group justify="space-between" wrap="nowrap">
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {incident.title}{' '}
                    <Text span size="xs" c="dimmed">
                      {shortenIncidentIdForPeople(incident.id)}
                    </Text>
                  </Text>
                  <SeverityBadge severity={incident.severity} />
                </Group>
              </Combobox.Option>
            ))}
          </Combobox.Group>
        )}
        {names === '' && <Combobox.Empty>Nothing of that name</Combobox.Empty>}
      </Combobox.Options>
    </Combobox>
  );
}

/** Everything by name: what can be done, where one can go, and every incident. */
export function CommandMenu({ opened, onClose, commands }: Props) {
  const chosen = useRef<(() => void) | null>(null);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Do or find"
      // What was chosen may open another window, which takes the focus that this one gives back.
      onExitTransitionEnd={() => {
        chosen.current?.();
        chosen.current = null;
      }}
    >
      {/* The list takes Escape for itself: it would close what is always open. */}
      <div onKeyDownCapture={(event) => event.key === 'Escape' && onClose()}>
        <CommandField
          commands={commands}
          onChoose={(run) => {
            chosen.current = run;
            onClose();
          }}
        />
      </div>
    </Modal>
  );
}

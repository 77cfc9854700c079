import { Combobox, Group, Text, Textarea, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { User } from '@owlpost/client';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { UserAvatar } from '../../components/UserAvatar';
import { useUserSearch } from '../../lib/api/searchUsers';
import { insertMentionAtCaret, keepPeopleMatchingQuery, readMentionAtCaret } from '../../lib/mentions';

const SEARCH_DELAY_MS = 120;
const MOST_SHOWN = 6;

interface Props {
  value: string;
  onChange: (text: string) => void;
  onKeyDown: (event: KeyboardEvent<HTMLTextAreaElement>) => void;
  onBlur: () => void;
}

function PersonToMention({ user }: { user: User }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <UserAvatar user={user} size={26} aria-hidden />
      <div>
        <Text size="sm">{user.name}</Text>
        <Text size="xs" c="dimmed">
          @{user.handle}
        </Text>
      </div>
    </Group>
  );
}

/** A text field that completes `@` with the people there are. */
export function MentionTextarea({ value, onChange, onKeyDown, onBlur }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState(0);
  const [dismissedAt, setDismissedAt] = useState<number | null>(null);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const mention = readMentionAtCaret(value, caret);
  const [query] = useDebouncedValue(mention?.query ?? '', SEARCH_DELAY_MS);
  const { data = [] } = useUserSearch(query, { enabled: mention !== null });
  // The answer to an earlier query is shown until the next one is there: Enter must not take somebody of it.
  const people = mention ? keepPeopleMatchingQuery(data, mention.query).slice(0, MOST_SHOWN) : [];
  const shown = people.map((user) => user.id).join();
  const opened = mention !== null && dismissedAt !== mention.start && people.length > 0;

  const { openDropdown, closeDropdown, selectFirstOption } = combobox;
  useEffect(() => {
    if (opened) {
      openDropdown();
      selectFirstOption();
    } else closeDropdown();
    // The store's functions are new at every render; what opens and closes the list is below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [opened, shown]);

  const complete = (id: string) => {
    const user = people.find((each) => each.id === id);
    if (!user) return;
    const next = insertMentionAtCaret(value, caret, user);
    onChange(next.text);
    setCaret(next.caret);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(next.caret, next.caret);
    });
  };
  const followCaret = () => setCaret(field.current?.selectionStart ?? 0);

  return (
    <Combobox store={combobox} onOptionSubmit={complete} position="top-start" withinPortal={false} width={300}>
      <Combobox.Target withKeyboardNavigation={opened}>
        <Textarea
          ref={field}
          id="new-comment"
          aria-label="Write a comment"
          placeholder="Write a comment. @ mentions somebody."
          autosize
          minRows={2}
          maxRows={8}
          value={value}
          onChange={(event) => {
            onChange(event.currentTarget.value);
            setCaret(event.currentTarget.selectionStart);
            setDismissedAt(null);
          }}
          onSelect={followCaret}
          onBlur={() => {
            closeDropdown();
            onBlur();
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && opened) setDismissedAt(mention.start);
            if (!opened || event.ctrlKey || event.metaKey) onKeyDown(event);
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Options aria-label="People to mention">
          {people.map((user) => (
            <Combobox.Option key={user.id} value={user.id}>
              <PersonToMention user={user} />
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

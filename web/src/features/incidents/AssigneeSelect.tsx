import { Group, Select, Text, type SelectProps } from '@mantine/core';
import type { User } from '@owlpost/client';
import { UserAvatar } from '../../components/UserAvatar';
import { roleLabels } from '../../lib/roles';
import { useAssignablePeople } from './useAssignablePeople';

interface Props extends Omit<SelectProps, 'value' | 'onChange' | 'data'> {
  value: User | null;
  onChange: (user: User | null) => void;
}

/** Prefects and Aurors, found by name. */
export function AssigneeSelect({ value, onChange, ...props }: Props) {
  const { people, text, setText } = useAssignablePeople(value, value?.name);
  return (
    <Select
      placeholder="Nobody"
      searchable
      clearable
      nothingFoundMessage="No Prefect or Auror of that name"
      data={people.map((user) => ({ value: user.id, label: user.name }))}
      value={value?.id ?? null}
      onChange={(id) => onChange(people.find((user) => user.id === id) ?? null)}
      searchValue={text}
      onSearchChange={setText}
      leftSection={value && <UserAvatar user={value} size={22} aria-hidden />}
      renderOption={({ option }) => {
        const user = people.find((each) => each.id === option.value);
        return (
          <Group gap="xs" wrap="nowrap">
            {user && <UserAvatar user={user} size={24} aria-hidden />}
            <Text size="sm">{option.label}</Text>
            <Text size="xs" c="dimmed">
              {user && roleLabels[user.role]}
            </Text>
          </Group>
        );
      }}
      {...props}
    />
  );
}

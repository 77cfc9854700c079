import { ActionIcon, Button, Group, MultiSelect, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks';
import { IconFilter, IconSearch, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { type IncidentFilters, mayUserBeAssigned, severityLabels, statusLabels } from '../../entities/incident';
import type { Severity, Status } from '../../generated';
import { useUserSearch } from '../../lib/api/searchUsers';
import classes from './FilterBar.module.css';

const SEARCH_DELAY_MS = 250;

function listOptionsFromLabels<T extends string>(labels: Record<T, string>) {
  return (Object.keys(labels) as T[]).map((value) => ({ value, label: labels[value] }));
}

interface Props {
  filters: IncidentFilters;
  onChange: (filters: IncidentFilters) => void;
}

function SearchField({ filters, onChange }: Props) {
  const [text, setText] = useState(filters.q ?? '');
  const [applied, setApplied] = useState(filters.q);
  // The address bar may change without us (back button, a saved view): follow it.
  if (applied !== filters.q) {
    setApplied(filters.q);
    if ((filters.q ?? '') !== text.trim()) setText(filters.q ?? '');
  }
  const search = useDebouncedCallback((q: string) => onChange({ ...filters, q: q.trim() || undefined }), SEARCH_DELAY_MS);
  return (
    <TextInput
      type="search"
      aria-label="Search incidents"
      placeholder="Search title, description, place…"
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value);
      }}
      style={{ flex: '1 1 220px' }}
    />
  );
}

export function FilterBar({ filters, onChange }: Props) {
  const { data: users = [] } = useUserSearch('');
  const assignees = users.filter(mayUserBeAssigned);
  const [opened, { toggle }] = useDisclosure();
  const any = Object.keys(filters).length > 0;
  return (
    <Group gap="xs" role="search" aria-label="Filter incidents">
      <SearchField filters={filters} onChange={onChange} />
      <ActionIcon
        hiddenFrom="sm"
        variant={any ? 'light' : 'default'}
        size={36}
        aria-label={opened ? 'Hide filters' : 'Show filters'}
        aria-expanded={opened}
        onClick={toggle}
      >
        <IconFilter size={18} aria-hidden />
      </ActionIcon>
      <div className={classes.more} data-opened={opened || undefined}>
      <MultiSelect
        aria-label="Status"
        placeholder={filters.status ? undefined : 'Any status'}
        data={listOptionsFromLabels(statusLabels)}
        value={filters.status ?? []}
        onChange={(status) => onChange({ ...filters, status: status.length ? (status as Status[]) : undefined })}
        clearable
        style={{ flex: '1 1 150px' }}
      />
      <MultiSelect
        aria-label="Severity"
        placeholder={filters.severity ? undefined : 'Any severity'}
        data={listOptionsFromLabels(severityLabels)}
        value={filters.severity ?? []}
        onChange={(value) => onChange({ ...filters, severity: value.length ? (value as Severity[]) : undefined })}
        clearable
        style={{ flex: '1 1 150px' }}
      />
      <Select
        aria-label="Assignee"
        placeholder="Anyone"
        data={[
          { value: 'me', label: 'Assigned to me' },
          { value: 'none', label: 'Unassigned' },
          ...assignees.map((user) => ({ value: user.id, label: user.name })),
        ]}
        value={filters.assignee ?? null}
        onChange={(assignee) => onChange({ ...filters, assignee: assignee ?? undefined })}
        searchable
        clearable
        style={{ flex: '1 1 150px' }}
      />
      {any && (
        <Button variant="subtle" color="gray" leftSection={<IconX size={14} aria-hidden />} onClick={() => onChange({})}>
          Clear
        </Button>
      )}
      </div>
    </Group>
  );
}

import { ActionIcon, Button, Group, MultiSelect, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks';
import type { Severity, Status, User } from '@owlpost/client';
import { IconFilter, IconSearch, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import {
  areSameFilters,
  filtersOfDuty,
  readSortOfFilters,
  severityLabels,
  statusLabels,
  type IncidentFilters,
  type IncidentSort,
} from '../../entities/incident';
import { useIncidentList } from './api/listIncidents';
import { useAssignablePeople } from './useAssignablePeople';
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
      aria-keyshortcuts="/"
      placeholder="Search title, description, place…"
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value);
      }}
      style={{ flex: '1 1 260px' }}
    />
  );
}

const sorts: { value: IncidentSort; label: string }[] = [
  { value: 'urgency', label: 'Most urgent first' },
  { value: 'newest', label: 'Newest first' },
];

const standIns = [
  { value: 'me', label: 'Assigned to me' },
  { value: 'none', label: 'Unassigned' },
];

/** Whom an address names that somebody sent: what is shown is theirs, and says who they are. */
function useAssigneeOfList(filters: IncidentFilters): User | null {
  const { data } = useIncidentList(filters);
  const theirs = data?.pages.flatMap((page) => page.incidents).find(({ assignee }) => assignee?.id === filters.assignee);
  return theirs?.assignee ?? null;
}

function AssigneeFilter({ filters, onChange }: Props) {
  const [picked, setChosen] = useState<User | null>(null);
  const listed = useAssigneeOfList(filters);
  const chosen = picked?.id === filters.assignee ? picked : listed;
  const label = chosen?.name ?? standIns.find(({ value }) => value === filters.assignee)?.label;
  const { people, setText } = useAssignablePeople(chosen, label);
  const known = [...standIns, ...people.map((user) => ({ value: user.id, label: user.name }))];
  const isKnown = !filters.assignee || known.some(({ value }) => value === filters.assignee);
  return (
    <Select
      aria-label="Assignee"
      placeholder="Anyone"
      data={isKnown ? known : [...known, { value: filters.assignee ?? '', label: 'One person' }]}
      value={filters.assignee ?? null}
      onChange={(assignee) => {
        setChosen(people.find((user) => user.id === assignee) ?? null);
        onChange({ ...filters, assignee: assignee ?? undefined });
      }}
      onSearchChange={setText}
      searchable
      clearable
      className={classes.one}
    />
  );
}

export function FilterBar({ filters, onChange }: Props) {
  const [opened, { toggle }] = useDisclosure();
  const any = !areSameFilters(filters, filtersOfDuty);
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
        className={filters.status ? classes.several : classes.one}
      />
      <MultiSelect
        aria-label="Severity"
        placeholder={filters.severity ? undefined : 'Any severity'}
        data={listOptionsFromLabels(severityLabels)}
        value={filters.severity ?? []}
        onChange={(value) => onChange({ ...filters, severity: value.length ? (value as Severity[]) : undefined })}
        clearable
        className={filters.severity ? classes.several : classes.one}
      />
      <AssigneeFilter filters={filters} onChange={onChange} />
      <Select
        aria-label="Order"
        data={sorts}
        value={readSortOfFilters(filters)}
        onChange={(sort) => onChange({ ...filters, sort: (sort as IncidentSort | null) ?? undefined })}
        allowDeselect={false}
        className={classes.order}
      />
      {any && (
        <Button variant="subtle" color="gray" px="xs" className={classes.clear} leftSection={<IconX size={14} aria-hidden />} onClick={() => onChange(filtersOfDuty)}>
          Clear
        </Button>
      )}
      </div>
    </Group>
  );
}

import { Button, Group, Loader, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { QueryFailure } from '../../components/QueryFailure';
import { TitledSection } from '../../components/TitledSection';
import { usePeople } from './api/listPeople';
import { PersonRow } from './PersonRow';

const SEARCH_DELAY_MS = 250;
const STANDINGS = [
  { value: 'active', label: 'Active' },
  { value: 'deactivated', label: 'Deactivated' },
];

export function PeopleSection() {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), SEARCH_DELAY_MS);
  const [standing, setStanding] = useState('active');
  const deactivated = standing === 'deactivated';
  const people = usePeople(q, deactivated);
  const rows = people.data?.pages.flatMap((page) => page.users) ?? [];
  return (
    <TitledSection title="Who is here">
      <Stack>
        <Group role="search">
          <TextInput
            type="search"
            aria-label="Search people"
            placeholder="Name, handle or email"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            style={{ flex: '1 1 220px' }}
          />
          <SegmentedControl aria-label="Which people" data={STANDINGS} value={standing} onChange={setStanding} />
        </Group>
        {people.isPending && <Loader aria-label="Loading" size="sm" />}
        {people.isError && <QueryFailure error={people.error} onRetry={() => void people.refetch()} />}
        {people.isSuccess && rows.length === 0 && (
          <Text size="sm" c="dimmed">
            {q ? 'Nobody of that name.' : 'Nobody.'}
          </Text>
        )}
        <Stack component="ul" gap="md" p={0} m={0} style={{ listStyle: 'none' }} aria-label="People" aria-busy={people.isPlaceholderData}>
          {rows.map((person) => (
            <PersonRow key={person.id} person={person} deactivated={deactivated} />
          ))}
        </Stack>
        {people.hasNextPage && (
          <Button variant="default" loading={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>
            More people
          </Button>
        )}
      </Stack>
    </TitledSection>
  );
}

import { Box, Button, Group, Stack, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useSearchParams } from 'react-router';
import { readFiltersFromSearchParams, writeFiltersToSearchParams } from '../../entities/incident';
import { FilterBar } from './FilterBar';
import { IncidentList } from './IncidentList';
import { rememberListAsLast } from './lastList';
import { UrgentSection } from './UrgentSection';
import { nameViewOfFilters } from './views';
import classes from './IncidentsPage.module.css';

export function IncidentsPage({ onReport }: { onReport: () => void }) {
  const [search, setSearch] = useSearchParams();
  const filters = readFiltersFromSearchParams(search);
  const title = nameViewOfFilters(filters);
  const address = search.toString();
  useEffect(() => rememberListAsLast(address), [address]);
  useDocumentTitle(`${title} · Owl Post`);
  return (
    <Stack gap="md">
      <Group justify="space-between" wrap="nowrap">
        <Title order={1} size="h2" tabIndex={-1} data-page-heading>
          {title}
        </Title>
        <Button aria-keyshortcuts="c" leftSection={<IconPlus size={16} aria-hidden />} onClick={onReport} style={{ flexShrink: 0 }}>
          Report
          <Box component="span" visibleFrom="xs">
            &nbsp;incident
          </Box>
        </Button>
      </Group>
      <div className={classes.columns}>
        <UrgentSection />
        <Stack gap="md" className={classes.list}>
          <FilterBar
            filters={filters}
            onChange={(next) => setSearch(writeFiltersToSearchParams(next), { replace: true })}
          />
          <IncidentList filters={filters} />
        </Stack>
      </div>
    </Stack>
  );
}

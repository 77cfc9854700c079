import { Button, Center, Loader, Paper, Skeleton, Stack } from '@mantine/core';
import { useIntersection } from '@mantine/hooks';
import { IconFeather } from '@tabler/icons-react';
import { useEffect } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { QueryFailure } from '../../components/QueryFailure';
import type { IncidentFilters } from '../../entities/incident';
import { IncidentRow } from './IncidentRow';
import { useIncidentList } from './api/listIncidents';
import classes from './IncidentList.module.css';

const AHEAD = '600px';

function LoadingRows() {
  return (
    <Stack gap={0} aria-hidden>
      {Array.from({ length: 6 }, (_, at) => (
        <div key={at} className={classes.placeholder}>
          <Skeleton height={14} width={`${45 + ((at * 17) % 30)}%`} mb={8} />
          <Skeleton height={10} width="30%" />
        </div>
      ))}
    </Stack>
  );
}

export function IncidentList({ filters }: { filters: IncidentFilters }) {
  const list = useIncidentList(filters);
  const { ref, entry } = useIntersection<HTMLDivElement>({ rootMargin: AHEAD });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const nearEnd = entry?.isIntersecting ?? false;
  useEffect(() => {
    if (nearEnd && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [nearEnd, hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (list.isPending) {
    return (
      <Paper withBorder radius="md" role="status" aria-label="Loading incidents">
        <LoadingRows />
      </Paper>
    );
  }
  if (list.isError && !list.data) return <QueryFailure error={list.error} onRetry={() => void list.refetch()} />;
  const incidents = list.data.pages.flatMap((page) => page.incidents);
  if (incidents.length === 0) {
    return (
      <Paper withBorder radius="md">
        <EmptyState icon={IconFeather} title="No incidents here">
          All quiet with these filters. New incidents that match appear by themselves.
        </EmptyState>
      </Paper>
    );
  }
  return (
    <>
      <Paper withBorder radius="md" className={classes.frame}>
        <ul className={classes.list} aria-label="Incidents">
          {incidents.map((incident) => (
            <li key={incident.id}>
              <IncidentRow incident={incident} />
            </li>
          ))}
        </ul>
      </Paper>
      <div ref={ref}>
        {hasNextPage && (
          <Center py="md">
            {isFetchingNextPage ? (
              <Loader size="sm" aria-label="Loading more incidents" />
            ) : (
              <Button variant="default" onClick={() => void fetchNextPage()}>
                Show more
              </Button>
            )}
          </Center>
        )}
      </div>
    </>
  );
}

import { Button, Center, Loader, Paper, Skeleton, Stack } from '@mantine/core';
import { useIntersection } from '@mantine/hooks';
import { IconFeather } from '@tabler/icons-react';
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState, useTransition, type FocusEvent } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { QueryFailure } from '../../components/QueryFailure';
import { type IncidentFilters, writeFiltersToSearchParams } from '../../entities/incident';
import { usePrinting } from '../../lib/usePrinting';
import { IncidentRows, type IncidentRowsProps } from './IncidentRows';
import { VirtualIncidentRows } from './lazyParts';
import { focusRowOfIncident, useListPlace } from './listPlace';
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

/** From here on not all rows are in the page at once: one page of the server's. */
const MOST_PLAIN_ROWS = 30;

/** The way rows are shown changes under whoever stands in one of them: they stay there. */
function useFocusOverChange(change: unknown) {
  const frame = useRef<HTMLDivElement>(null);
  const focused = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (focused.current && document.activeElement === document.body) focusRowOfIncident(frame.current, focused.current);
  }, [change]);
  return {
    ref: frame,
    onFocus: (event: FocusEvent) => (focused.current = (event.target as Element).closest<HTMLElement>('[data-incident-id]')?.dataset.incidentId ?? null),
    onBlur: () => (focused.current = null),
  };
}

const ShownRows = memo(function ShownRows(props: IncidentRowsProps) {
  const isLoaded = VirtualIncidentRows.useIsLoaded();
  const isVirtual = !usePrinting() && props.incidents.length > MOST_PLAIN_ROWS && isLoaded;
  return <div {...useFocusOverChange(isVirtual)}>{isVirtual ? <VirtualIncidentRows {...props} /> : <IncidentRows {...props} />}</div>;
});

/**
 * Rows that are drawn a little at a time, between frames: a storm of new ones holds up nothing that moves. What comes meanwhile waits
 * until they are there, or they would be begun again and again.
 */
function UnhurriedRows(props: IncidentRowsProps) {
  const { incidents } = props;
  const [shown, setShown] = useState(incidents);
  const [isDrawing, draw] = useTransition();
  useEffect(() => {
    if (!isDrawing && shown !== incidents) draw(() => setShown(incidents));
  }, [isDrawing, shown, incidents]);
  const isLong = incidents.length > MOST_PLAIN_ROWS;
  useEffect(() => {
    if (isLong) void VirtualIncidentRows.preload();
  }, [isLong]);
  return <ShownRows {...props} incidents={shown} />;
}

export function IncidentList({ filters }: { filters: IncidentFilters }) {
  const list = useIncidentList(filters);
  const { ref, entry } = useIntersection<HTMLDivElement>({ rootMargin: AHEAD });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const nearEnd = entry?.isIntersecting ?? false;
  useEffect(() => {
    if (nearEnd && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [nearEnd, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const incidents = useMemo(() => list.data?.pages.flatMap((page) => page.incidents) ?? [], [list.data]);
  const { frame, start } = useListPlace(writeFiltersToSearchParams(filters).toString(), incidents.length > 0);

  if (list.isPending) {
    return (
      <Paper withBorder radius="md" role="status" aria-label="Loading incidents">
        <LoadingRows />
      </Paper>
    );
  }
  if (list.isError && !list.data) return <QueryFailure error={list.error} onRetry={() => void list.refetch()} />;
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
      <Paper withBorder radius="md" className={classes.frame} ref={frame}>
        <UnhurriedRows incidents={incidents} hasMore={hasNextPage} start={start} />
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

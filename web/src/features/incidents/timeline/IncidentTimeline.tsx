import { Button, Group, Menu, NativeSelect, Paper, Title } from '@mantine/core';
import { IconDownload, IconHistory } from '@tabler/icons-react';
import { useState } from 'react';
import { QueryFailure } from '../../../components/QueryFailure';
import { describeErrorForPeople } from '../../../lib/apiError';
import { rest, saveAnswerAsFile } from '../../../lib/server';
import { useTimeline } from '../api/listTimeline';
import { showFailureAsToast } from '../../../lib/toasts';
import { StoryEntry } from './StoryEntry';
import { filterStoryByKind, groupStoryByDay, storyFilters, type StoryFilter } from './story';
import { TimeMachine } from './TimeMachine';
import classes from './Timeline.module.css';

function ExportMenu({ incidentId }: { incidentId: string }) {
  const save = (format: 'md' | 'json') => {
    const answer = rest.download('/api/incidents/{id}/timeline', { path: { id: incidentId }, query: { format } });
    saveAnswerAsFile(answer, `timeline-${incidentId}.${format}`).catch((error: unknown) =>
      showFailureAsToast('The timeline was not saved', describeErrorForPeople(error)),
    );
  };
  return (
    <Menu position="bottom-end" withinPortal={false}>
      <Menu.Target>
        <Button size="compact-xs" variant="subtle" leftSection={<IconDownload size={14} aria-hidden />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => save('md')}>Markdown</Menu.Item>
        <Menu.Item onClick={() => save('json')}>JSON</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Everything that happened to an incident, by days, and what it was at any moment. */
export function IncidentTimeline({ incidentId, ready }: { incidentId: string; ready: boolean }) {
  const timeline = useTimeline(incidentId, ready);
  const [filter, setFilter] = useState<StoryFilter>('all');
  const [travelling, setTravelling] = useState(false);
  const entries = timeline.data?.pages.flatMap((page) => page.entries) ?? [];
  const days = groupStoryByDay(filterStoryByKind(entries, filter));
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-labelledby="timeline-heading">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h6" id="timeline-heading">
          Timeline
        </Title>
        <Group gap={4}>
          <Button
            size="compact-xs"
            variant={travelling ? 'light' : 'subtle'}
            aria-pressed={travelling}
            leftSection={<IconHistory size={14} aria-hidden />}
            onClick={() => setTravelling(!travelling)}
          >
            Time machine
          </Button>
          <ExportMenu incidentId={incidentId} />
        </Group>
      </Group>
      {travelling && (
        <TimeMachine incidentId={incidentId} entries={entries} />
      )}
      <NativeSelect
        size="xs"
        my="xs"
        aria-label="Show in the timeline"
        value={filter}
        data={[...storyFilters]}
        onChange={(event) => setFilter(event.currentTarget.value as StoryFilter)}
      />
      {timeline.isError && !timeline.data && <QueryFailure error={timeline.error} onRetry={() => void timeline.refetch()} />}
      <div className={classes.scroll} tabIndex={0} role="group" aria-label="Timeline entries">
        {days.map(({ day, entries: ofDay }) => (
          <div key={day}>
            <h3 className={classes.day}>{day}</h3>
            <ol className={classes.list}>
              {ofDay.map((entry) => (
                <StoryEntry key={entry.id} entry={entry} />
              ))}
            </ol>
          </div>
        ))}
        {timeline.hasNextPage && (
          <Button variant="subtle" size="xs" mt="sm" loading={timeline.isFetchingNextPage} onClick={() => void timeline.fetchNextPage()}>
            Show older
          </Button>
        )}
      </div>
    </Paper>
  );
}

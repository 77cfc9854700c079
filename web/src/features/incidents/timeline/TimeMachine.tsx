import { Group, Slider, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { SeverityBadge } from '../../../components/SeverityBadge';
import { StatusBadge } from '../../../components/StatusBadge';
import type { IncidentInPast, TimelineEntry } from '../../../entities/activity';
import { joinNamesForReading } from '../../../lib/labels';
import { formatTimeInFull } from '../../../lib/time';
import { useIncidentInPast } from '../api/listTimeline';
import classes from './Timeline.module.css';

const SETTLE_MS = 150;
const COMMENTS_SHOWN = 5;

function PastIncident({ past }: { past: IncidentInPast }) {
  const { incident, comments, commentsCount, viewers } = past;
  const people = [
    incident.assignee ? `assigned to ${incident.assignee.name}` : 'unassigned',
    incident.acknowledgedBy ? `taken by ${incident.acknowledgedBy.name}` : 'taken by nobody',
  ];
  return (
    <div className={classes.past} data-testid="past" data-version={incident.version}>
      <Stack gap={6}>
        <Text fw={600} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {incident.title}
        </Text>
        <Group gap={6}>
          <SeverityBadge severity={incident.severity} />
          <StatusBadge status={incident.status} />
        </Group>
        <Text size="xs">{people.join(', ')}</Text>
        {incident.location && <Text size="xs">{incident.location}</Text>}
        {incident.description && (
          <Text size="xs" lineClamp={4} style={{ whiteSpace: 'pre-wrap' }}>
            {incident.description}
          </Text>
        )}
        <Text size="xs" fw={600}>
          {commentsCount === 1 ? '1 comment' : `${commentsCount} comments`}
        </Text>
        {comments.slice(-COMMENTS_SHOWN).map((comment) => (
          <Text key={comment.id} size="xs" className={classes.comment} data-deleted={comment.isDeletedSince || undefined} lineClamp={2}>
            <b>{comment.author.name}</b> {comment.content ?? '(deleted since)'}
          </Text>
        ))}
        <Text size="xs" data-testid="past-viewers">
          {viewers.length === 0 ? 'Nobody was looking' : `Looking: ${joinNamesForReading(viewers.map((viewer) => viewer.name))}`}
        </Text>
      </Stack>
    </div>
  );
}

/** A slider over the life of an incident that shows it as it was: a place for every moment at which something happened. */
export function TimeMachine({ incidentId, entries }: { incidentId: string; entries: readonly TimelineEntry[] }) {
  const moments = [...new Set(entries.flatMap((entry) => (entry.until ? [entry.at, entry.until] : [entry.at])))].sort();
  // Counted from the end, so that what happens meanwhile moves nothing.
  const [back, setBack] = useState(0);
  const last = moments.length - 1;
  const at = Math.max(0, last - back);
  const [settled] = useDebouncedValue(moments[at] ?? null, SETTLE_MS);
  const { data: past } = useIncidentInPast(incidentId, settled);
  if (moments.length === 0) return null;
  return (
    <Stack gap="xs" data-testid="time-machine">
      <Slider
        min={0}
        max={Math.max(last, 1)}
        step={1}
        value={at}
        onChange={(value) => setBack(last - value)}
        label={null}
        thumbLabel="The moment shown"
        thumbProps={{ 'aria-valuetext': formatTimeInFull(moments[at] ?? '') }}
      />
      <Text size="xs" c="dimmed" role="status">
        As it was {formatTimeInFull(moments[at] ?? '')} ({at + 1} of {moments.length})
      </Text>
      {past && <PastIncident past={past} />}
    </Stack>
  );
}

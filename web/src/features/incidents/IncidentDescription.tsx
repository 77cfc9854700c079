import { Alert, Spoiler, Text } from '@mantine/core';
import type { Incident } from '@owlpost/client';
import { IconCircleCheck } from '@tabler/icons-react';
import { TextWithLinks } from '../../components/TextWithLinks';
import { TimeAgo } from '../../components/TimeAgo';
import { useChangedFields } from '../../realtime';
import classes from './IncidentRow.module.css';

/** Twenty lines. */
const MOST_PX = 512;

export function IncidentDescription({ incident }: { incident: Incident }) {
  const changed = useChangedFields(incident.id);
  return (
    <>
      {incident.status === 'RESOLVED' && (
        <Alert color="green" icon={<IconCircleCheck aria-hidden />} title="Resolved" data-testid="resolution">
          {incident.resolution && (
            <Text size="sm" mb={4} maw="75ch" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              <TextWithLinks text={incident.resolution} />
            </Text>
          )}
          <Text size="xs">
            {incident.resolvedBy && `by ${incident.resolvedBy.name}`}
            {incident.resolvedAt && (
              <>
                , <TimeAgo time={incident.resolvedAt} />
              </>
            )}
          </Text>
        </Alert>
      )}
      <section aria-label="Description">
        {incident.description ? (
          <Spoiler maxHeight={MOST_PX} showLabel="Show more" hideLabel="Show less">
            <Text maw="75ch" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }} lh={1.6}>
              <span className={changed.has('description') ? classes.changed : undefined}>
                <TextWithLinks text={incident.description} />
              </span>
            </Text>
          </Spoiler>
        ) : (
          <Text c="dimmed">No description.</Text>
        )}
      </section>
    </>
  );
}

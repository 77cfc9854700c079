import { Alert, Button, Group, List, Text } from '@mantine/core';
import { IconClockPause } from '@tabler/icons-react';
import { writeFieldValueForPeople } from '../../entities/incident';
import { type QueuedWrite, useQueuedWriteActions, useQueuedWrites } from '../../realtime';
import { CollisionNotice } from './CollisionNotice';

/** On a tint of itself. */
const READABLE_YELLOW = 'light-dark(#6b4300, #ffec99)';

/** What a write will make of its incident; comments stand in their thread. */
function describeIntentInWords({ write }: QueuedWrite): string | null {
  if (write.kind === 'take') return 'You take it';
  if (write.kind === 'resolve') return `You resolve it${write.resolution ? `: ${write.resolution}` : ''}`;
  if (write.kind !== 'edit') return null;
  return Object.entries(write.update.edit)
    .map(([field, value]) => `${field === 'location' ? 'place' : field}: ${writeFieldValueForPeople(field, value)}`)
    .join(', ');
}

/** What this person did to an incident without a connection: what waits, and what two people changed meanwhile. */
export function IncidentWaiting({ incidentId }: { incidentId: string }) {
  const writes = useQueuedWrites();
  const { withdraw, settleField } = useQueuedWriteActions();
  const mine = writes.filter(({ write }) => 'incidentId' in write && write.incidentId === incidentId);
  const waiting = mine.filter((each) => !each.refusal && describeIntentInWords(each) !== null);
  return (
    <>
      {mine.map((queued) => {
        const { write, refusal } = queued;
        if (write.kind !== 'edit' || !refusal?.collision) return null;
        const { fields, latest } = refusal.collision;
        return (
          <CollisionNotice
            key={queued.id}
            incidentId={incidentId}
            version={latest.version}
            collisions={fields.map((field) => ({ field, mine: write.update.edit[field], theirs: latest[field] }))}
            onChoose={(field, choice) => settleField(queued, field, choice)}
          />
        );
      })}
      {waiting.length > 0 && (
        <Alert role="note" color="yellow" icon={<IconClockPause aria-hidden />} title="Waiting for connection" styles={{ title: { color: READABLE_YELLOW } }} data-testid="incident-waiting">
          <List size="sm" listStyleType="none" spacing={4}>
            {waiting.map((queued) => (
              <List.Item key={queued.id}>
                <Group gap="xs">
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {describeIntentInWords(queued)}
                  </Text>
                  <Button size="compact-xs" variant="default" onClick={() => withdraw(queued)}>
                    Cancel
                  </Button>
                </Group>
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </>
  );
}

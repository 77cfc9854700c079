import { Anchor, Button, Group, ScrollArea, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { TimeAgo } from '../../components/TimeAgo';
import { describeWriteInWords, type QueuedWrite, readIncidentOfWrite, readTextOfWrite, useQueuedWriteActions, useQueuedWrites } from '../../realtime';

function WaitingItem({ queued, onFollow }: { queued: QueuedWrite; onFollow: () => void }) {
  const { withdraw, discard } = useQueuedWriteActions();
  const { write, title, at, triedAt, refusal } = queued;
  const text = readTextOfWrite(write);
  const incidentId = readIncidentOfWrite(write);
  const words = describeWriteInWords(write, title);
  return (
    <Stack component="li" gap={2} data-testid="waiting-write">
      <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
        {incidentId ? (
          <Anchor component={Link} to={`/incidents/${incidentId}`} onClick={onFollow} inherit>
            {words}
          </Anchor>
        ) : (
          words
        )}
      </Text>
      {text && (
        <Text size="sm" lineClamp={3} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {text}
        </Text>
      )}
      <Text size="xs" c={refusal ? 'var(--mantine-color-error)' : 'dimmed'} component="div">
        {refusal ? `Not sent: ${refusal.message}` : triedAt ? 'Sent, no answer yet; sent again when connected' : 'Waiting for connection'} ·{' '}
        <TimeAgo time={new Date(at).toISOString()} />
      </Text>
      <Group gap="xs" mt={2}>
        {refusal?.collision && incidentId && (
          <Button size="compact-xs" component={Link} to={`/incidents/${incidentId}`} onClick={onFollow}>
            Choose whose stays
          </Button>
        )}
        {refusal && !refusal.collision && text !== null && (
          <Button size="compact-xs" variant="default" onClick={() => withdraw(queued)}>
            Back to draft
          </Button>
        )}
        <Button size="compact-xs" variant="default" onClick={() => (refusal ? discard(queued) : withdraw(queued))}>
          {refusal ? 'Discard' : 'Cancel'}
        </Button>
      </Group>
    </Stack>
  );
}

/** Everything this person did that has not reached the server. */
export function WaitingList({ onFollow }: { onFollow: () => void }) {
  const writes = useQueuedWrites();
  return (
    <ScrollArea.Autosize mah="min(420px, 60vh)" type="auto">
      <Stack component="ul" gap="md" m={0} p={0} style={{ listStyle: 'none' }} aria-label="Waiting for connection">
        {writes.map((queued) => (
          <WaitingItem key={queued.id} queued={queued} onFollow={onFollow} />
        ))}
      </Stack>
    </ScrollArea.Autosize>
  );
}

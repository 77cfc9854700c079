import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconCheck, IconChecks, IconClock, IconEye } from '@tabler/icons-react';
import { UserAvatar } from '../../components/UserAvatar';
import type { PersonReceipt, Receipts } from '../../entities/activity';
import { formatClockOfTime, formatLengthOfTime, formatTimeInFull, useSecondsNow } from '../../lib/time';
import { useReceipts } from './api/getReceipts';

/** How far it came with one person, and when; why it came no further. */
export function describeReceiptInWords(person: PersonReceipt): string {
  if (person.seenAt) return `seen ${formatClockOfTime(person.seenAt)}`;
  const away = person.offlineSince ? `, offline since ${formatClockOfTime(person.offlineSince)}` : person.isOnline ? '' : ', offline';
  if (person.deliveredAt) return `delivered ${formatClockOfTime(person.deliveredAt)}, not seen${away}`;
  return `told ${formatClockOfTime(person.toldAt)}, not delivered${away}`;
}

function PersonLine({ person, took }: { person: PersonReceipt; took: boolean }) {
  const Icon = person.seenAt ? IconEye : person.deliveredAt ? IconChecks : person.isOnline ? IconCheck : IconClock;
  return (
    <Group component="li" gap={8} wrap="nowrap" data-testid="receipt" data-user-id={person.user.id}>
      <UserAvatar user={person.user} size={24} aria-hidden title={undefined} />
      <div style={{ minWidth: 0 }}>
        <Text size="sm" truncate>
          {person.user.name}
          {took && <b> · has it</b>}
        </Text>
        <Text size="xs" c="dimmed" title={formatTimeInFull(person.toldAt)}>
          <Icon size={12} aria-hidden style={{ verticalAlign: '-2px' }} /> {describeReceiptInWords(person)}
        </Text>
      </div>
    </Group>
  );
}

function NextStepLine({ next }: { next: NonNullable<Receipts['nextStep']> }) {
  const now = useSecondsNow();
  const left = new Date(next.dueAt).getTime() - now;
  const why = next.reason === 'unseen' ? 'nobody sees it' : 'nobody takes it';
  return (
    <Text size="sm" data-testid="next-step">
      Step {next.step} {left > 0 ? <>in <b aria-hidden>{formatLengthOfTime(left)}</b></> : 'at any moment'}, if {why}
      <Text span size="xs" c="dimmed">
        {' '}
        (at {formatClockOfTime(next.dueAt)})
      </Text>
    </Text>
  );
}

/** Who was told, whom it reached, and who is told next. */
export function ReceiptsPanel({ incidentId, ready }: { incidentId: string; ready: boolean }) {
  const { data } = useReceipts(incidentId, ready);
  if (!data || (data.told === 0 && !data.nextStep && !data.acknowledgedBy)) return null;
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-labelledby="receipts-heading">
      <Title order={2} size="h6" mb="xs" id="receipts-heading">
        Who has seen it
      </Title>
      <Stack gap="sm">
        <Text size="sm" data-testid="receipts-summary">
          {data.told} told · {data.delivered} delivered · {data.seen} seen
          {data.acknowledgedBy && data.acknowledgedAt && (
            <>
              {' · '}
              <b>
                {data.acknowledgedBy.name} took it {formatClockOfTime(data.acknowledgedAt)}
              </b>
            </>
          )}
        </Text>
        {data.nextStep && <NextStepLine next={data.nextStep} />}
        <Stack component="ul" gap={8} m={0} p={0} style={{ listStyle: 'none', maxHeight: 280, overflowY: 'auto' }} aria-label="People told">
          {data.people.map((person) => (
            <PersonLine key={person.user.id} person={person} took={data.acknowledgedBy?.id === person.user.id} />
          ))}
        </Stack>
      </Stack>
    </Paper>
  );
}

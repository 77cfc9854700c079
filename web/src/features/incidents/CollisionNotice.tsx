import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { type EditableField, severityLabels, statusLabels } from '../../entities/incident';
import type { Severity, Status, User } from '../../generated';
import { formatClockOfTime } from '../../lib/time';
import { useFieldAuthors } from './api/getFieldAuthors';

const fieldNames: Record<EditableField, string> = {
  title: 'what happened',
  description: 'the description',
  severity: 'the severity',
  status: 'the status',
  location: 'the place',
  assignee: 'the assignee',
};

export interface FieldCollision {
  field: EditableField;
  mine: unknown;
  theirs: unknown;
}

interface Props {
  incidentId: string;
  /** The version that has the other's words. */
  version: number;
  collisions: FieldCollision[];
  onChoose: (field: EditableField, choice: 'mine' | 'theirs') => void;
}

function writeFieldForPeople(field: EditableField, value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing';
  if (field === 'severity') return severityLabels[value as Severity];
  if (field === 'status') return statusLabels[value as Status];
  return field === 'assignee' ? (value as User).name : (value as string);
}

/** For each field that two people changed: who, when, both texts, and which one is to stay. */
export function CollisionNotice({ incidentId, version, collisions, onChoose }: Props) {
  const findAuthor = useFieldAuthors(incidentId, version, collisions.length > 0);
  return collisions.map(({ field, mine, theirs }) => {
    const author = findAuthor(field);
    const who = author?.actor?.name ?? 'Somebody';
    const when = author ? ` at ${formatClockOfTime(author.at)}` : ' meanwhile';
    return (
      <Alert key={field} color="yellow" role="alert" title={`${who} changed ${fieldNames[field]}${when}`} data-testid={`collision-${field}`}>
        <Stack gap={6}>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            <b>Theirs:</b> {writeFieldForPeople(field, theirs)}
          </Text>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            <b>Yours:</b> {writeFieldForPeople(field, mine)}
          </Text>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => onChoose(field, 'theirs')}>
              Keep theirs
            </Button>
            <Button size="xs" variant="default" onClick={() => onChoose(field, 'mine')}>
              Use mine
            </Button>
          </Group>
        </Stack>
      </Alert>
    );
  });
}

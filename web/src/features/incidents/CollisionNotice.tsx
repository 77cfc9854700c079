import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { type EditableField, writeFieldValueForPeople } from '../../entities/incident';
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

/** For each field that two people changed: who, when, both texts, and which one is to stay. */
export function CollisionNotice({ incidentId, version, collisions, onChoose }: Props) {
  const findAuthor = useFieldAuthors(incidentId, version, collisions.length > 0);
  return collisions.map(({ field, mine, theirs }) => {
    const author = findAuthor(field);
    const who = author?.actor?.name ?? 'Somebody';
    const when = author ? ` at ${formatClockOfTime(author.at)}` : ' meanwhile';
    return (
      <Alert key={field} color="yellow" role="alert" title={`${who} changed ${fieldNames[field]}${when}`} data-testid={`collision-${field}`} data-never-covered>
        <Stack gap={6}>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            <b>Theirs:</b> {writeFieldValueForPeople(field, theirs)}
          </Text>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            <b>Yours:</b> {writeFieldValueForPeople(field, mine)}
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

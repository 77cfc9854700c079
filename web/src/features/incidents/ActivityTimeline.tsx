import { Button, Paper, Text, Timeline, Title } from '@mantine/core';
import { IconCircleCheck, IconFlag, IconFlame, IconMessage, IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { TimeAgo } from '../../components/TimeAgo';
import type { Incident } from '../../generated';
import { buildActivityOfIncident, type ActivityKind } from './activity';
import { useActivity } from './api/listActivity';

const FIRST_SHOWN = 8;

const looks: Record<ActivityKind, { icon: typeof IconFlag; color: string }> = {
  created: { icon: IconFlag, color: 'indigo' },
  changed: { icon: IconPencil, color: 'gray' },
  resolved: { icon: IconCircleCheck, color: 'green' },
  comment: { icon: IconMessage, color: 'gray' },
  escalated: { icon: IconFlame, color: 'red' },
};

export function ActivityTimeline({ incident, ready }: { incident: Incident; ready: boolean }) {
  const { data = [] } = useActivity(incident.id, ready);
  const [all, setAll] = useState(false);
  const entries = buildActivityOfIncident(incident, data);
  const shown = all ? entries : entries.slice(0, FIRST_SHOWN);
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-label="Activity">
      <Title order={2} size="h6" mb="md">
        Activity
      </Title>
      <Timeline bulletSize={22} lineWidth={1}>
        {shown.map((entry) => {
          const { icon: Icon, color } = looks[entry.kind];
          return (
            <Timeline.Item key={entry.key} bullet={<Icon size={12} aria-hidden />} color={color} data-kind={entry.kind}>
              <Text size="sm">
                <b>{entry.who}</b> {entry.what}
              </Text>
              <Text size="xs" c="dimmed" component="div">
                <TimeAgo time={entry.at} />
              </Text>
            </Timeline.Item>
          );
        })}
      </Timeline>
      {entries.length > shown.length && (
        <Button variant="subtle" size="xs" mt="sm" onClick={() => setAll(true)}>
          Show all {entries.length}
        </Button>
      )}
    </Paper>
  );
}

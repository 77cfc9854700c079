import { Alert, Button, Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { type Incident, OwlPostError } from '@owlpost/client';
import { IconListDetails, IconMapSearch } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import type { ComponentProps } from 'react';
import { Link, useParams } from 'react-router';
import { EmptyState } from '../../components/EmptyState';
import { QueryFailure } from '../../components/QueryFailure';
import { CommentThread } from '../../features/comments';
import {
  IncidentDescription,
  IncidentHeader,
  IncidentStory,
  IncidentWaiting,
  NEVER_FETCHED,
  PropertiesPanel,
  useIncident,
} from '../../features/incidents';
import { IncidentViewers } from '../../features/presence';
import { isPassingFailure } from '../../lib/apiError';
import { useIncidentRoom } from '../../realtime';
import classes from './IncidentRoute.module.css';

function NoSuchIncident() {
  return (
    <EmptyState icon={IconMapSearch} title="There is no such incident" order={1}>
      <Button component={Link} to="/incidents" variant="default" mt="sm">
        All incidents
      </Button>
    </EmptyState>
  );
}

/** Better little that is known than nothing, said to be little. */
function FromListNotice({ onRetry }: { onRetry: () => void }) {
  return (
    <Alert color="yellow" icon={<IconListDetails aria-hidden />} mb="md" role="status" data-testid="from-list">
      <Group justify="space-between">
        <Text size="sm">The server cannot be reached. This is what the list knew; comments and the rest come with the connection.</Text>
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </Group>
    </Alert>
  );
}

function UnreadableIncident(failure: ComponentProps<typeof QueryFailure>) {
  return (
    <Stack gap="md">
      <Title order={1} size="h2" tabIndex={-1} data-page-heading>
        Incident
      </Title>
      <QueryFailure {...failure} />
    </Stack>
  );
}

function IncidentBody({ incident, settled }: { incident: Incident; settled: boolean }) {
  return (
    <Stack gap="lg">
      <IncidentHeader incident={incident} />
      <IncidentWaiting incidentId={incident.id} />
      <IncidentViewers incidentId={incident.id} roomSettled={settled} />
      <div className={classes.columns}>
        <Stack gap="lg" className={classes.said}>
          <Paper withBorder p="md">
            <Stack gap="md">
              <IncidentDescription incident={incident} />
            </Stack>
          </Paper>
          <CommentThread key={incident.id} incidentId={incident.id} ready={settled} />
        </Stack>
        <div className={classes.known}>
          <PropertiesPanel incident={incident} />
          <IncidentStory incidentId={incident.id} ready={settled} />
        </div>
      </div>
    </Stack>
  );
}

export function IncidentRoute() {
  const { id = '' } = useParams();
  const client = useQueryClient();
  const { settled } = useIncidentRoom(id);
  const { data: incident, dataUpdatedAt, error, failureCount, refetch } = useIncident(id, client, settled);
  useDocumentTitle(`${incident?.title ?? 'Incident'} · Owl Post`);
  if (error instanceof OwlPostError && (error.status === 404 || error.status === 400)) return <NoSuchIncident />;
  const isFromList = incident !== undefined && dataUpdatedAt === NEVER_FETCHED;
  // Whoever was refused an incident is told so, whatever a list knew of it.
  if (error && (!incident || (isFromList && !isPassingFailure(error)))) {
    return <UnreadableIncident error={error} onRetry={() => void refetch()} />;
  }
  if (incident) {
    return (
      <>
        {isFromList && failureCount > 0 && <FromListNotice onRetry={() => void refetch()} />}
        <IncidentBody incident={incident} settled={settled} />
      </>
    );
  }
  return (
    <Stack role="status" aria-label="Loading the incident">
      <Skeleton height={32} width="60%" />
      <Skeleton height={18} width="35%" />
      <Skeleton height={240} />
    </Stack>
  );
}

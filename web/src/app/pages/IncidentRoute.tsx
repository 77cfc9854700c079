import { Button, Paper, Skeleton, Stack, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconMapSearch } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import type { ComponentProps } from 'react';
import { Link, useParams } from 'react-router';
import { EmptyState } from '../../components/EmptyState';
import { QueryFailure } from '../../components/QueryFailure';
import { CommentThread } from '../../features/comments';
import { IncidentDescription, IncidentHeader, IncidentStory, PropertiesPanel, useIncident } from '../../features/incidents';
import { IncidentViewers } from '../../features/presence';
import type { Incident } from '../../generated';
import { ApiError } from '../../lib/apiError';
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
  const { data: incident, error, isError, refetch } = useIncident(id, client, settled);
  useDocumentTitle(`${incident?.title ?? 'Incident'} · Owl Post`);
  if (incident) return <IncidentBody incident={incident} settled={settled} />;
  if (isError) {
    const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
    return missing ? <NoSuchIncident /> : <UnreadableIncident error={error} onRetry={() => void refetch()} />;
  }
  return (
    <Stack role="status" aria-label="Loading the incident">
      <Skeleton height={32} width="60%" />
      <Skeleton height={18} width="35%" />
      <Skeleton height={240} />
    </Stack>
  );
}

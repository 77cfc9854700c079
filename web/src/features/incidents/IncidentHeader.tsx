import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { Incident } from '@owlpost/client';
import { IconArrowLeft, IconCircleCheck, IconPencil, IconRotate } from '@tabler/icons-react';
import { Link } from 'react-router';
import { CopyTextButton } from '../../components/CopyTextButton';
import { SeverityBadge } from '../../components/SeverityBadge';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeAgo } from '../../components/TimeAgo';
import { mayUserUpdateIncident, readFiltersFromSearchParams, shortenIncidentIdForPeople } from '../../entities/incident';
import { addBasePathTo } from '../../lib/basePath';
import { BACK } from '../../lib/placeOfPage';
import { useCurrentUser } from '../../lib/session';
import { useChangedFields } from '../../realtime';
import { EditIncidentModal, ResolveIncidentModal } from './lazyParts';
import { useLastList } from './lastList';
import { TakeItButton } from './TakeItButton';
import { useUpdateIncident } from './api/updateIncident';
import { useWaitingFor } from './useWaitingFor';
import { nameViewOfFilters } from './views';
import classes from './IncidentRow.module.css';

function IncidentActions({ incident }: { incident: Incident }) {
  const [editing, edit] = useDisclosure();
  const [resolving, resolve] = useDisclosure();
  const update = useUpdateIncident(incident.id);
  const resolved = incident.status === 'RESOLVED';
  const isWaiting = useWaitingFor('resolve', incident.id);
  return (
    <Group gap="xs">
      <Button variant="default" aria-keyshortcuts="e" leftSection={<IconPencil size={16} aria-hidden />} onClick={edit.open}>
        Edit
      </Button>
      {resolved ? (
        <Button
          variant="default"
          leftSection={<IconRotate size={16} aria-hidden />}
          onClick={() => update.mutate({ edit: { status: 'OPEN' }, base: incident })}
        >
          Reopen
        </Button>
      ) : (
        <Button color="#1f6f31" leftSection={<IconCircleCheck size={16} aria-hidden />} disabled={isWaiting} onClick={resolve.open}>
          Resolve
        </Button>
      )}
      <EditIncidentModal incident={incident} opened={editing} onClose={edit.close} />
      <ResolveIncidentModal incident={incident} opened={resolving} onClose={resolve.close} />
    </Group>
  );
}

/** To the list as it was, with its filters. */
function WayBack() {
  const search = useLastList();
  return (
    <Anchor component={Link} to={{ pathname: '/incidents', search }} state={BACK} size="sm" w="fit-content">
      <Group gap={4}>
        <IconArrowLeft size={15} aria-hidden />
        {nameViewOfFilters(readFiltersFromSearchParams(new URLSearchParams(search)))}
      </Group>
    </Anchor>
  );
}

export function IncidentHeader({ incident }: { incident: Incident }) {
  const me = useCurrentUser();
  const changed = useChangedFields(incident.id);
  const glow = (field: keyof Incident) => (changed.has(field) ? classes.changed : undefined);
  return (
    <Stack gap="sm">
      <WayBack />
      <Group justify="space-between" align="flex-start" gap="sm">
        <Title order={1} size="h2" tabIndex={-1} data-page-heading style={{ overflowWrap: 'anywhere', flex: '1 1 320px' }}>
          <span className={glow('title')}>{incident.title}</span>
        </Title>
        <Group gap="xs">
          <TakeItButton incident={incident} size="sm" keys="t" />
          {mayUserUpdateIncident(me, incident) && <IncidentActions incident={incident} />}
        </Group>
      </Group>
      <Group gap="xs" data-testid="incident-summary">
        <SeverityBadge severity={incident.severity} className={glow('severity')} />
        <StatusBadge status={incident.status} className={glow('status')} />
        <Text size="sm" c="dimmed" component="div">
          {shortenIncidentIdForPeople(incident.id)} · reported by {incident.reportedBy.name},{' '}
          <TimeAgo time={incident.createdAt} />
          {incident.acknowledgedBy && ` · ${incident.acknowledgedBy.name} has it`}
        </Text>
        <CopyTextButton label="Copy link" readText={() => window.location.origin + addBasePathTo(`/incidents/${incident.id}`)} />
        <CopyTextButton label="Copy id" readText={() => shortenIncidentIdForPeople(incident.id)} />
      </Group>
    </Stack>
  );
}

import { Group, Paper, Select, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { Incident, Severity, Status } from '@owlpost/client';
import { IconMapPin } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { TimeAgo } from '../../components/TimeAgo';
import { UserAvatar } from '../../components/UserAvatar';
import { EditCollision, type IncidentEdit, mayUserAssignIncidents, mayUserUpdateIncident, severityLabels, statusLabels } from '../../entities/incident';
import { roleLabels } from '../../lib/roles';
import { useCurrentUser } from '../../lib/session';
import { useChangedFields } from '../../realtime';
import { AssigneeSelect } from './AssigneeSelect';
import { CollisionNotice } from './CollisionNotice';
import { ResolveIncidentModal } from './lazyParts';
import { useUpdateIncident } from './api/updateIncident';
import classes from './IncidentRow.module.css';

function Property({ label, changed, children }: { label: string; changed?: boolean; children: ReactNode }) {
  return (
    <div className={changed ? classes.changed : undefined} style={{ overflowWrap: 'anywhere' }}>
      <Text size="xs" fw={600} c="dimmed" mb={4}>
        {label}
      </Text>
      {children}
    </div>
  );
}

function Person({ user }: { user: Incident['reportedBy'] }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <UserAvatar user={user} aria-hidden />
      <div>
        <Text size="sm">{user.name}</Text>
        <Text size="xs" c="dimmed">
          {roleLabels[user.role]}
        </Text>
      </div>
    </Group>
  );
}

/** A change that somebody else was faster with: whose value stays is asked here. */
function UpdateCollisions({ incidentId, update }: { incidentId: string; update: ReturnType<typeof useUpdateIncident> }) {
  const { error, variables } = update;
  if (!(error instanceof EditCollision) || !variables) return null;
  const { fields, latest } = error;
  return (
    <CollisionNotice
      incidentId={incidentId}
      version={latest.version}
      collisions={fields.map((field) => ({ field, mine: variables.edit[field], theirs: latest[field] }))}
      onChoose={(_field, choice) => {
        update.reset();
        if (choice === 'mine') update.mutate({ edit: variables.edit, base: latest });
      }}
    />
  );
}

/** What an incident is, each part changeable in place by who may. */
export function PropertiesPanel({ incident }: { incident: Incident }) {
  const me = useCurrentUser();
  const update = useUpdateIncident(incident.id);
  const [resolving, resolve] = useDisclosure();
  const changed = useChangedFields(incident.id);
  const mayUpdate = mayUserUpdateIncident(me, incident);

  const save = (edit: IncidentEdit, base: Incident = incident) => update.mutate({ edit, base });
  const changeStatus = (status: Status) => (status === 'RESOLVED' ? resolve.open() : save({ status }));
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-label="Properties">
      <Stack gap="md">
        <UpdateCollisions incidentId={incident.id} update={update} />
        <Property label="Status" changed={changed.has('status')}>
          <Select
            aria-label="Status"
            data={(Object.keys(statusLabels) as Status[]).map((value) => ({ value, label: statusLabels[value] }))}
            value={incident.status}
            onChange={(status) => status && status !== incident.status && changeStatus(status as Status)}
            allowDeselect={false}
            disabled={!mayUpdate}
          />
        </Property>
        <Property label="Severity" changed={changed.has('severity')}>
          <Select
            aria-label="Severity"
            data={(Object.keys(severityLabels) as Severity[]).map((value) => ({ value, label: severityLabels[value] }))}
            value={incident.severity}
            onChange={(severity) => severity && severity !== incident.severity && save({ severity: severity as Severity })}
            allowDeselect={false}
            disabled={!mayUpdate}
          />
        </Property>
        <Property label="Assignee" changed={changed.has('assignee')}>
          {mayUserAssignIncidents(me) ? (
            <AssigneeSelect
              key={incident.assignee?.id ?? 'nobody'}
              aria-label="Assignee"
              value={incident.assignee}
              onChange={(assignee) => save({ assignee })}
            />
          ) : incident.assignee ? (
            <Person user={incident.assignee} />
          ) : (
            <Text size="sm">Nobody yet</Text>
          )}
        </Property>
        <Property label="Where" changed={changed.has('location')}>
          <Group gap={4} wrap="nowrap">
            <IconMapPin size={16} aria-hidden />
            <Text size="sm">{incident.location ?? 'Not said'}</Text>
          </Group>
        </Property>
        <Property label="Reported by">
          <Person user={incident.reportedBy} />
        </Property>
        <Property label="Last change">
          <Text size="sm" component="div">
            <TimeAgo time={incident.updatedAt} />
          </Text>
        </Property>
      </Stack>
      <ResolveIncidentModal incident={incident} opened={resolving} onClose={resolve.close} />
    </Paper>
  );
}

import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Incident } from '../../generated';
import { ApiError, describeErrorForPeople, readFieldErrorsFromServer } from '../../lib/apiError';
import { fetchFreshIncidentIntoCache } from './api/getIncident';
import { useUpdateIncident } from './api/updateIncident';
import { IncidentFields, incidentFormRules, type IncidentFormValues } from './IncidentFields';

interface Props {
  incident: Incident;
  opened: boolean;
  onClose: () => void;
}

function readFormValuesFromIncident(incident: Incident): IncidentFormValues {
  const { title, description, severity, location } = incident;
  return { title, description: description ?? '', severity, location: location ?? '' };
}

function EditForm({ incident, onClose }: Omit<Props, 'opened'>) {
  const client = useQueryClient();
  const update = useUpdateIncident(incident.id, { quiet: true });
  const [base, setBase] = useState(incident);
  const form = useForm<IncidentFormValues>({
    initialValues: readFormValuesFromIncident(incident),
    validate: incidentFormRules,
  });
  const conflict = update.error instanceof ApiError && update.error.code === 'CONFLICT';
  const behind = incident.version > base.version && !update.isPending;

  const submit = (values: IncidentFormValues) =>
    update.mutate(
      {
        title: values.title.trim(),
        description: values.description.trim() || null,
        severity: values.severity,
        location: values.location.trim() || null,
        version: base.version,
      },
      { onSuccess: onClose, onError: (error) => form.setErrors(readFieldErrorsFromServer(error)) },
    );
  const takeLatest = async (keepMine: boolean) => {
    const latest = await fetchFreshIncidentIntoCache(client, incident.id);
    setBase(latest);
    update.reset();
    if (!keepMine) form.setValues(readFormValuesFromIncident(latest));
  };
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack>
        {(conflict || behind) && (
          <Alert color="yellow" role="alert" title="Somebody changed this incident meanwhile">
            <Group gap="xs" mt={4}>
              <Button size="xs" variant="default" onClick={() => void takeLatest(false)}>
                Show the latest
              </Button>
              <Button size="xs" variant="default" onClick={() => void takeLatest(true)}>
                Keep what I wrote
              </Button>
            </Group>
          </Alert>
        )}
        {update.error && !conflict && (
          <Alert color="red" role="alert">
            {describeErrorForPeople(update.error)}
          </Alert>
        )}
        <IncidentFields form={form} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={update.isPending}>
            Save changes
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function EditIncidentModal({ incident, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Edit incident" size="lg">
      {opened && <EditForm incident={incident} onClose={onClose} />}
    </Modal>
  );
}

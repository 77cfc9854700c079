import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { Incident } from '../../generated';
import { describeErrorForPeople, readFieldErrorsFromServer } from '../../lib/apiError';
import { EditCollision, useUpdateIncident } from './api/updateIncident';
import { CollisionNotice } from './CollisionNotice';
import { IncidentFields, incidentFormRules, type IncidentFormValues } from './IncidentFields';
import { readFormValuesFromIncident, useIncidentEdit } from './useIncidentEdit';

interface Props {
  incident: Incident;
  opened: boolean;
  onClose: () => void;
}

function EditForm({ incident, onClose }: Omit<Props, 'opened'>) {
  const update = useUpdateIncident(incident.id, { quiet: true });
  const form = useForm<IncidentFormValues>({
    initialValues: readFormValuesFromIncident(incident),
    validate: incidentFormRules,
  });
  const { base, collisions, choose, rebase, readChanges } = useIncidentEdit(form, incident);

  const submit = (values: IncidentFormValues) => {
    const edit = readChanges(values);
    if (Object.keys(edit).length === 0) {
      onClose();
      return;
    }
    update.mutate(
      { edit, base },
      {
        onSuccess: onClose,
        onError: (error) => {
          if (error instanceof EditCollision) rebase(error.latest);
          else form.setErrors(readFieldErrorsFromServer(error));
        },
      },
    );
  };
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack>
        <CollisionNotice incidentId={incident.id} version={base.version} collisions={collisions} onChoose={choose} />
        {update.error && !(update.error instanceof EditCollision) && (
          <Alert color="red" role="alert">
            {describeErrorForPeople(update.error)}
          </Alert>
        )}
        <IncidentFields form={form} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={update.isPending} disabled={collisions.length > 0}>
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

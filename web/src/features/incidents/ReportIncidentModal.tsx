import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { mayUserAssignIncidents } from '../../entities/incident';
import type { User } from '../../generated';
import { ApiError, describeErrorForPeople, readFieldErrorsFromServer } from '../../lib/apiError';
import { createRandomKeyForRequest } from '../../lib/randomKey';
import { useCurrentUser } from '../../lib/session';
import { AssigneeSelect } from './AssigneeSelect';
import { IncidentFields, incidentFormRules, type IncidentFormValues } from './IncidentFields';
import { useCreateIncident } from './api/createIncident';
import { showSuccessAsToast } from '../../lib/toasts';

type Values = IncidentFormValues & { assignee: User | null };

function ReportForm({ onDone }: { onDone: () => void }) {
  const me = useCurrentUser();
  const navigate = useNavigate();
  const create = useCreateIncident();
  const [key, setKey] = useState(createRandomKeyForRequest);
  const form = useForm<Values>({
    initialValues: { title: '', description: '', severity: 'MISCHIEF', location: '', assignee: null },
    validate: incidentFormRules,
    transformValues: (values) => ({ ...values, title: values.title.trim() }),
  });
  const submit = ({ assignee, ...values }: Values) => {
    const incident = {
      ...values,
      description: values.description.trim() || null,
      location: values.location.trim() || null,
      assigneeId: assignee?.id ?? null,
    };
    create.mutate(
      { incident, key },
      {
        onError: (error) => {
          form.setErrors(readFieldErrorsFromServer(error));
          // No answer came: it may have been reported all the same, and the same key finds that out.
          if (!(error instanceof ApiError) || error.status !== 0) setKey(createRandomKeyForRequest());
        },
        onSuccess: (created) => {
          onDone();
          showSuccessAsToast('Incident reported', created.title);
          void navigate('/incidents');
        },
      },
    );
  };
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack>
        {create.error && (
          <Alert color="red" role="alert">
            {describeErrorForPeople(create.error)}
          </Alert>
        )}
        <IncidentFields form={form} />
        {mayUserAssignIncidents(me) && (
          <AssigneeSelect
            label="Assign to"
            value={form.values.assignee}
            onChange={(assignee) => form.setFieldValue('assignee', assignee)}
            error={form.errors.assigneeId}
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Report incident
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function ReportIncidentModal({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Report an incident" size="lg">
      {opened && <ReportForm onDone={onClose} />}
    </Modal>
  );
}

import { Alert, Button, Group, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { createRandomKeyForRequest, type User } from '@owlpost/client';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { type IncidentFormValues, mayUserAssignIncidents } from '../../entities/incident';
import { describeErrorForPeople, readFieldErrorsFromServer } from '../../lib/apiError';
import { type DraftAccess, useDraft } from '../../lib/drafts';
import { useCurrentUser } from '../../lib/session';
import { showSuccessAsToast, showToastOnTop } from '../../lib/toasts';
import { AssigneeSelect } from './AssigneeSelect';
import { DraftModal, DraftNotice } from './DraftModal';
import { IncidentFields, incidentFormRules } from './IncidentFields';
import { useCreateIncident } from './api/createIncident';

type Values = IncidentFormValues & { assignee: User | null };

/** A report that was begun. Its key goes with it: sent again after a lost answer and a reload, it is still the same report. */
interface ReportDraft {
  values: Values;
  key: string;
}

const EMPTY: Values = { title: '', description: '', severity: 'MISCHIEF', location: '', assignee: null };

interface FormProps {
  draft: DraftAccess<ReportDraft>;
  onDiscard: () => void;
  onDone: () => void;
}

function ReportForm({ draft, onDiscard, onDone }: FormProps) {
  const me = useCurrentUser();
  const navigate = useNavigate();
  const create = useCreateIncident();
  const [begun] = useState(draft.read);
  const [key, setKey] = useState(() => begun?.key ?? createRandomKeyForRequest());
  const form = useForm<Values>({
    initialValues: begun?.values ?? EMPTY,
    validate: incidentFormRules,
    onValuesChange: (values) => draft.write(JSON.stringify(values) === JSON.stringify(EMPTY) ? undefined : { values, key }),
    transformValues: (values) => ({ ...values, title: values.title.trim() }),
  });
  const submit = ({ assignee, ...values }: Values) => {
    const report = {
      ...values,
      description: values.description.trim() || null,
      location: values.location.trim() || null,
      assigneeId: assignee?.id ?? null,
    };
    create.mutate(
      { report, draft: { values: form.values, key }, key },
      {
        onError: (error) => {
          form.setErrors(readFieldErrorsFromServer(error));
          const next = createRandomKeyForRequest();
          setKey(next);
          draft.write({ values: form.values, key: next });
        },
        onSuccess: (created) => {
          draft.write(undefined);
          onDone();
          if (created) showSuccessAsToast('Incident reported', created.title);
          else showToastOnTop({ color: 'yellow', title: 'Waiting for connection', message: `“${report.title}” is reported when it is back.` });
          void navigate('/incidents');
        },
      },
    );
  };
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack>
        {begun && <DraftNotice onDiscard={onDiscard} />}
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
            {draft.read() ? 'Close, keep draft' : 'Cancel'}
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
  const draft = useDraft<ReportDraft>('report', 'new');
  return (
    <DraftModal title="Report an incident" opened={opened} draft={draft} onClose={onClose}>
      {(onDiscard) => <ReportForm draft={draft} onDiscard={onDiscard} onDone={onClose} />}
    </DraftModal>
  );
}

import { Alert, Button, Group, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { Incident } from '@owlpost/client';
import { useEffect, useEffectEvent, useState } from 'react';
import { EditCollision, type EditDraft, type IncidentFormValues, readFormValuesFromIncident } from '../../entities/incident';
import { describeErrorForPeople, readFieldErrorsFromServer } from '../../lib/apiError';
import { type DraftAccess, useDraft } from '../../lib/drafts';
import { useUpdateIncident } from './api/updateIncident';
import { CollisionNotice } from './CollisionNotice';
import { DraftModal, DraftNotice } from './DraftModal';
import { IncidentFields, incidentFormRules } from './IncidentFields';
import { useIncidentEdit } from './useIncidentEdit';

interface Props {
  incident: Incident;
  opened: boolean;
  onClose: () => void;
}

interface FormProps extends Omit<Props, 'opened'> {
  draft: DraftAccess<EditDraft>;
  onDiscard: () => void;
}

function EditForm({ incident, onClose, draft, onDiscard }: FormProps) {
  const [begun] = useState(draft.read);
  const update = useUpdateIncident(incident.id, { quiet: true });
  const form = useForm<IncidentFormValues>({
    initialValues: begun?.values ?? readFormValuesFromIncident(incident),
    validate: incidentFormRules,
  });
  const { base, baseOfDraft, collisions, choose, rebase, readChanges } = useIncidentEdit(form, incident, begun?.base);
  const keep = useEffectEvent(() => {
    const isChanged = collisions.length > 0 || Object.keys(readChanges(form.values)).length > 0;
    draft.write(isChanged ? { values: form.values, base: baseOfDraft } : undefined);
  });
  useEffect(() => keep(), [form.values, base, collisions.length]);
  const finish = () => {
    draft.write(undefined);
    onClose();
  };

  const submit = (values: IncidentFormValues) => {
    const edit = readChanges(values);
    if (Object.keys(edit).length === 0) {
      finish();
      return;
    }
    update.mutate(
      { edit, base },
      {
        onSuccess: finish,
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
        {begun && <DraftNotice onDiscard={onDiscard} />}
        <CollisionNotice incidentId={incident.id} version={base.version} collisions={collisions} onChoose={choose} />
        {update.error && !(update.error instanceof EditCollision) && (
          <Alert color="red" role="alert">
            {describeErrorForPeople(update.error)}
          </Alert>
        )}
        <IncidentFields form={form} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {draft.read() ? 'Close, keep draft' : 'Cancel'}
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
  const draft = useDraft<EditDraft>('edit', incident.id);
  return (
    <DraftModal title="Edit incident" opened={opened} draft={draft} onClose={onClose}>
      {(onDiscard) => <EditForm incident={incident} onClose={onClose} draft={draft} onDiscard={onDiscard} />}
    </DraftModal>
  );
}

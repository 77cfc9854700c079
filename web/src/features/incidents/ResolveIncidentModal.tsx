import { Alert, Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { hasLength, useForm } from '@mantine/form';
import type { Incident } from '@owlpost/client';
import { describeErrorForPeople, readFieldErrorsFromServer } from '../../lib/apiError';
import { useDraft } from '../../lib/drafts';
import { useResolveIncident } from './api/resolveIncident';

interface Props {
  incident: Incident;
  opened: boolean;
  onClose: () => void;
}

function ResolveForm({ incident, onClose }: Omit<Props, 'opened'>) {
  const resolve = useResolveIncident(incident.id);
  const draft = useDraft<string>('resolve', incident.id);
  const form = useForm({
    initialValues: { resolution: draft.read() ?? '' },
    onValuesChange: ({ resolution }) => draft.write(resolution || undefined),
    validate: { resolution: hasLength({ max: 10_000 }, 'Up to 10,000 characters') },
  });
  const submit = ({ resolution }: { resolution: string }) =>
    resolve.mutate(resolution.trim(), {
      onSuccess: () => {
        draft.write(undefined);
        onClose();
      },
      onError: (error) => form.setErrors(readFieldErrorsFromServer(error)),
    });
  return (
    <form onSubmit={form.onSubmit(submit)}>
      <Stack>
        <Text size="sm">
          Everyone is told that <b>{incident.title}</b> is resolved.
        </Text>
        {resolve.error && (
          <Alert color="red" role="alert">
            {describeErrorForPeople(resolve.error)}
          </Alert>
        )}
        <Textarea
          label="Resolution"
          description="How it ended, for whoever meets the next one."
          autosize
          minRows={3}
          maxRows={10}
          data-autofocus
          {...form.getInputProps('resolution')}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="#1f6f31" loading={resolve.isPending}>
            Resolve incident
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function ResolveIncidentModal({ incident, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Resolve incident">
      {opened && <ResolveForm incident={incident} onClose={onClose} />}
    </Modal>
  );
}

import { Button, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { FormFailure } from '../../components/FormFailure';
import type { MadeWebhook, Webhook } from '@owlpost/client/rest';
import { showSuccessAsToast } from '../../lib/toasts';
import { useServerForm } from '../../lib/useServerForm';
import { useDeleteWebhook } from './api/deleteWebhook';
import { useRedeliverToWebhook } from './api/redeliverToWebhook';
import { useRotateWebhookSecret } from './api/rotateWebhookSecret';

interface DialogProps {
  webhook: Webhook;
  onClose: () => void;
}

export function DeleteDialog({ webhook, onClose }: DialogProps) {
  const remove = useDeleteWebhook(webhook.id);
  return (
    <ConfirmDialog
      title={`Delete ${webhook.name}`}
      deed="Delete for good"
      mutation={remove}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <List size="sm" spacing={4}>
        <List.Item>Nothing is sent any more, within a second.</List.Item>
        <List.Item>Its secret, and how far it was told, are gone for good. To begin again later, disable it instead.</List.Item>
      </List>
    </ConfirmDialog>
  );
}

export function SecretDialog({ webhook, onClose, onMade }: DialogProps & { onMade: (made: MadeWebhook) => void }) {
  const rotate = useRotateWebhookSecret(webhook.id);
  const confirm = () =>
    rotate.mutate(undefined, {
      onSuccess: (made) => {
        onMade(made);
        onClose();
      },
    });
  return (
    <ConfirmDialog title={`A new secret for ${webhook.name}`} deed="Give it a new secret" mutation={rotate} onConfirm={confirm} onClose={onClose}>
      <Text size="sm">For a day calls are signed with the present secret as well, so that their receiver can change over.</Text>
      {webhook.previousSecretUntil && (
        <Text size="sm" c="var(--mantine-color-error)">
          It was given one within the last day: the one before that is good for nothing at once.
        </Text>
      )}
    </ConfirmDialog>
  );
}

export function RedeliverDialog({ webhook, onClose }: DialogProps) {
  const redeliver = useRedeliverToWebhook(webhook.id);
  const form = useForm({
    initialValues: { from: webhook.outlet.position },
    validate: { from: (from) => (/^\d+$/.test(from.trim()) ? null : 'The number of an event') },
  });
  const submit = useServerForm(form, async ({ from }: { from: string }) => {
    await redeliver.mutateAsync(from.trim());
    showSuccessAsToast('Delivering again', `${webhook.name} is told of everything from event ${from.trim()} on.`);
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title={`Deliver again to ${webhook.name}`}>
      <form onSubmit={form.onSubmit((values) => submit.mutate(values))} noValidate>
        <Stack>
          <FormFailure error={submit.error} />
          <Text size="sm">Everything it wants of what happened since is delivered once more, in order, under the same ids.</Text>
          <TextInput
            label="From event"
            description={`Its eventId. It has been told of everything up to ${webhook.outlet.position}.`}
            inputMode="numeric"
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('from')}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={submit.isPending}>
              Deliver again
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

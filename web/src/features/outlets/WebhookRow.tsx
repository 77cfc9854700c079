import { ActionIcon, Alert, Group, Menu, Stack, Switch, Text } from '@mantine/core';
import { IconDots, IconKey, IconPencil, IconRepeat, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { MadeWebhook, Webhook } from '@owlpost/client/rest';
import { announcePolitelyToReaders } from '../../lib/announcer';
import { describeErrorForPeople } from '../../lib/apiError';
import { formatTimeInFull } from '../../lib/time';
import { useChangeWebhook } from './api/changeWebhook';
import { pickChangesOfWebhook } from './changes';
import { OutletFacts, StandingBadge } from './OutletFacts';
import { DeleteDialog, RedeliverDialog, SecretDialog } from './WebhookDialogs';
import { WebhookForm, type WebhookValues } from './WebhookForm';
import { describeWishesOfWebhook } from './webhookWords';

type Question = 'edit' | 'redeliver' | 'secret' | 'delete';

function DeedsMenu({ webhook, onAsk }: { webhook: Webhook; onAsk: (question: Question) => void }) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label={`What to do with ${webhook.name}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => onAsk('edit')}>
          Edit
        </Menu.Item>
        <Menu.Item leftSection={<IconRepeat size={16} aria-hidden />} onClick={() => onAsk('redeliver')}>
          Deliver again
        </Menu.Item>
        <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={() => onAsk('secret')}>
          New secret
        </Menu.Item>
        <Menu.Item c="var(--mantine-color-error)" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => onAsk('delete')}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function EnabledSwitch({ webhook, change }: { webhook: Webhook; change: ReturnType<typeof useChangeWebhook> }) {
  const wished = change.isPending ? change.variables.enabled : undefined;
  return (
    <Switch
      label="Called"
      aria-label={`${webhook.name} is called`}
      checked={wished ?? webhook.enabled}
      disabled={change.isPending}
      onChange={(event) => {
        const enabled = event.currentTarget.checked;
        change.mutate({ enabled }, { onSuccess: () => announcePolitelyToReaders(`${webhook.name} is ${enabled ? 'called from now on' : 'not called any more'}`) });
      }}
    />
  );
}

/** What others change while it is open is none of its changes. */
function EditForm({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const [begun] = useState(webhook);
  const change = useChangeWebhook(webhook.id);
  const save = async (values: WebhookValues) => {
    const changes = pickChangesOfWebhook(begun, values);
    if (Object.keys(changes).length > 0) await change.mutateAsync(changes);
    onClose();
  };
  return <WebhookForm webhook={begun} label={`Edit ${begun.name}`} deed="Save changes" onSubmit={save} onCancel={onClose} />;
}

/** One webhook: what it wants, how it fares, and what may be done with it. */
export function WebhookRow({ webhook, onMade }: { webhook: Webhook; onMade: (made: MadeWebhook) => void }) {
  const change = useChangeWebhook(webhook.id);
  const [question, ask] = useState<Question | null>(null);
  const close = () => ask(null);
  return (
    <Stack component="li" gap={6} data-testid="webhook" aria-label={webhook.name}>
      <Group justify="space-between" align="flex-start">
        <div style={{ minWidth: 0, flex: '1 1 260px' }}>
          <Group gap="xs">
            <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
              {webhook.name}
            </Text>
            <StandingBadge outlet={webhook.outlet} />
          </Group>
          <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
            {webhook.url}
          </Text>
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {describeWishesOfWebhook(webhook)}
          </Text>
        </div>
        <Group gap="sm" wrap="nowrap">
          <EnabledSwitch webhook={webhook} change={change} />
          <DeedsMenu webhook={webhook} onAsk={ask} />
        </Group>
      </Group>
      {webhook.disabledReason && (
        <Alert color="orange" role="note" title="The server left off calling it" data-testid="disabled-reason">
          {webhook.disabledReason}. Mend its receiver, then call it again: it goes on from where it was.
        </Alert>
      )}
      <OutletFacts outlet={webhook.outlet} />
      {webhook.previousSecretUntil && (
        <Text size="xs" c="dimmed">
          Signed with its previous secret as well until {formatTimeInFull(webhook.previousSecretUntil)}
        </Text>
      )}
      {change.error && (
        <Alert color="red" role="alert">
          {describeErrorForPeople(change.error)}
        </Alert>
      )}
      {question === 'edit' && (
        <EditForm webhook={webhook} onClose={close} />
      )}
      {question === 'redeliver' && <RedeliverDialog webhook={webhook} onClose={close} />}
      {question === 'secret' && <SecretDialog webhook={webhook} onClose={close} onMade={onMade} />}
      {question === 'delete' && <DeleteDialog webhook={webhook} onClose={close} />}
    </Stack>
  );
}

import { Button, Loader, Stack } from '@mantine/core';
import { IconWebhook } from '@tabler/icons-react';
import { useState } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { QueryFailure } from '../../components/QueryFailure';
import { SecretOnce } from '../../components/SecretOnce';
import { TitledSection } from '../../components/TitledSection';
import type { MadeWebhook } from '@owlpost/client/rest';
import { useCreateWebhook } from './api/createWebhook';
import { useWebhooks } from './api/listWebhooks';
import { WebhookForm } from './WebhookForm';
import { WebhookRow } from './WebhookRow';

function WebhookList({ making, onMade }: { making: boolean; onMade: (made: MadeWebhook) => void }) {
  const webhooks = useWebhooks();
  if (webhooks.isPending) return <Loader aria-label="Loading webhooks" size="sm" />;
  if (webhooks.isError && !webhooks.data) return <QueryFailure error={webhooks.error} onRetry={() => void webhooks.refetch()} />;
  if (webhooks.data?.length === 0) {
    return making ? null : (
      <EmptyState icon={IconWebhook} title="Nobody is called yet">
        A webhook tells another program of what happens here, as it happens.
      </EmptyState>
    );
  }
  return (
    <Stack component="ul" gap="lg" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Webhooks">
      {webhooks.data?.map((webhook) => (
        <WebhookRow key={webhook.id} webhook={webhook} onMade={onMade} />
      ))}
    </Stack>
  );
}

/** Addresses outside that are called with every event they want. */
export function WebhookSection() {
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<MadeWebhook | null>(null);
  const create = useCreateWebhook();
  return (
    <TitledSection
      title="Webhooks"
      description="Each event is delivered at least once and in order, signed as Standard Webhooks say. What is not taken is tried again: for a day, unless the server is set otherwise."
      aside={!making && <Button onClick={() => setMaking(true)}>New webhook</Button>}
    >
      <Stack>
        {making && (
          <WebhookForm
            label="New webhook"
            deed="Make webhook"
            onCancel={() => setMaking(false)}
            onSubmit={async (values) => {
              setMade(await create.mutateAsync(values));
              setMaking(false);
            }}
          />
        )}
        {made && (
          <SecretOnce title={`The secret of “${made.name}”`} secret={made.secret} copyLabel="Copy secret" onDismiss={() => setMade(null)}>
            Put it where the receiver checks signatures.
          </SecretOnce>
        )}
        <WebhookList making={making} onMade={setMade} />
      </Stack>
    </TitledSection>
  );
}

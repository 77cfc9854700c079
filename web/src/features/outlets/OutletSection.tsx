import { Group, Loader, Stack, Text } from '@mantine/core';
import { QueryFailure } from '../../components/QueryFailure';
import { TitledSection } from '../../components/TitledSection';
import { useOutlets } from './api/listOutlets';
import { OutletFacts, StandingBadge } from './OutletFacts';
import { isOutletOfWebhook, nameKindOfOutlet } from './standing';

/** Everybody who is told by the configuration of the server; webhooks have a section of their own. */
export function OutletSection() {
  const outlets = useOutlets();
  const rows = outlets.data?.filter(({ name }) => !isOutletOfWebhook(name)) ?? [];
  return (
    <TitledSection title="Broker and browsers" description="Told by what the server is configured with: RABBITMQ_URL and WEB_PUSH.">
      {outlets.isPending && <Loader aria-label="Loading outlets" size="sm" />}
      {outlets.isError && !outlets.data && <QueryFailure error={outlets.error} onRetry={() => void outlets.refetch()} />}
      {outlets.data && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          No broker is configured.
        </Text>
      )}
      <Stack component="ul" gap="md" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Outlets">
        {rows.map((outlet) => (
          <Stack component="li" gap={4} key={outlet.name} data-testid="outlet">
            <Group gap="xs">
              <Text size="sm" fw={600}>
                {nameKindOfOutlet(outlet.name)}
              </Text>
              <StandingBadge outlet={outlet} />
            </Group>
            <OutletFacts outlet={outlet} />
          </Stack>
        ))}
      </Stack>
    </TitledSection>
  );
}

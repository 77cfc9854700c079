import { Stack, Title } from '@mantine/core';
import { OutletSection } from './OutletSection';
import { WebhookSection } from './WebhookSection';

export function OutletsPage() {
  return (
    <Stack gap="md" maw={860}>
      <Title order={1} size="h2" tabIndex={-1} data-page-heading>
        Outlets
      </Title>
      <WebhookSection />
      <OutletSection />
    </Stack>
  );
}

import { Stack, Title } from '@mantine/core';
import { InvitationSection } from './InvitationSection';
import { PeopleSection } from './PeopleSection';

export function PeoplePage() {
  return (
    <Stack gap="md" maw={860}>
      <Title order={1} size="h2" tabIndex={-1} data-page-heading>
        People
      </Title>
      <PeopleSection />
      <InvitationSection />
    </Stack>
  );
}

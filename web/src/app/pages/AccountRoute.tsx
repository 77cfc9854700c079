import { Stack, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { ApiTokenSection, LoginSessionList, PasswordSection, ProfileSection } from '../../features/account';
import { logoutUserOfThisBrowser } from '../../features/auth';
import { PushSection } from '../../features/push';
import { SettingsSection } from '../../features/settings/pages';

export function AccountRoute() {
  useDocumentTitle('Your account · Owl Post');
  return (
    <Stack gap="md" maw={760}>
      <Title order={1} size="h2" tabIndex={-1} data-page-heading>
        Your account
      </Title>
      <ProfileSection />
      <SettingsSection />
      <PushSection />
      <PasswordSection />
      <LoginSessionList onSignOut={logoutUserOfThisBrowser} />
      <ApiTokenSection />
    </Stack>
  );
}

import { Alert, Button, Stack } from '@mantine/core';
import { hasLength, isNotEmpty, useForm } from '@mantine/form';
import type { PasswordChange } from '@owlpost/client/rest';
import { useQueryClient } from '@tanstack/react-query';
import { FormFailure } from '../../components/FormFailure';
import { PasswordField } from '../../components/PasswordField';
import { TitledSection } from '../../components/TitledSection';
import { queryKeys } from '../../lib/queryKeys';
import { useCurrentUser } from '../../lib/session';
import { useServerForm } from '../../lib/useServerForm';
import { changeOwnPassword } from './api/changePassword';

export function PasswordSection() {
  const me = useCurrentUser();
  const client = useQueryClient();
  const form = useForm<PasswordChange>({
    initialValues: { currentPassword: '', newPassword: '' },
    validate: {
      currentPassword: isNotEmpty('Enter your password as it is now'),
      newPassword: hasLength({ min: 8, max: 200 }, 'At least 8 characters'),
    },
  });
  const change = useServerForm(form, async (values: PasswordChange) => {
    await changeOwnPassword(values);
    form.reset();
    await client.invalidateQueries({ queryKey: queryKeys.loginSessions });
  });
  return (
    <TitledSection title="Password" description="When you change it, every other sign-in ends at once. API tokens stay.">
      <form onSubmit={form.onSubmit((values) => change.mutate(values))} noValidate aria-label="Change password">
        <Stack maw={480}>
          {/* Tells password managers whose it is. */}
          <input type="text" name="username" autoComplete="username" value={me.email} readOnly hidden />
          <FormFailure error={change.error} />
          {change.isSuccess && (
            <Alert color="green" role="status">
              Your password is changed. Every other sign-in has ended.
            </Alert>
          )}
          <PasswordField label="Current password" autoComplete="current-password" {...form.getInputProps('currentPassword')} />
          <PasswordField
            label="New password"
            description="8 to 200 characters, and not easily guessed."
            autoComplete="new-password"
            {...form.getInputProps('newPassword')}
          />
          <Button type="submit" loading={change.isPending} style={{ alignSelf: 'flex-start' }}>
            Change password
          </Button>
        </Stack>
      </form>
    </TitledSection>
  );
}

import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { hasLength, isNotEmpty, useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import type { PasswordChange } from '../../generated/rest';
import { FormFailure } from '../../components/FormFailure';
import { queryKeys } from '../../lib/queryKeys';
import { useServerForm } from '../../lib/useServerForm';
import { changeOwnPassword } from './api/changePassword';

export function PasswordForm() {
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
    <form onSubmit={form.onSubmit((values) => change.mutate(values))} noValidate aria-label="Change password">
      <Stack>
        <FormFailure error={change.error} />
        {change.isSuccess && (
          <Alert color="green" role="status">
            Your password is changed. Every other sign-in has ended.
          </Alert>
        )}
        <PasswordInput label="Current password" autoComplete="current-password" {...form.getInputProps('currentPassword')} />
        <PasswordInput
          label="New password"
          description="At least 8 characters, and not easily guessed. Every other sign-in ends."
          autoComplete="new-password"
          {...form.getInputProps('newPassword')}
        />
        <Button type="submit" loading={change.isPending} style={{ alignSelf: 'flex-start' }}>
          Change password
        </Button>
      </Stack>
    </form>
  );
}

import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { hasLength, isNotEmpty, useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { describeErrorForPeople, readFieldErrorsFromServer } from '../../lib/apiError';
import { queryKeys } from '../../lib/queryKeys';
import { changeOwnPassword, type PasswordChange } from './api/changePassword';

export function PasswordForm() {
  const client = useQueryClient();
  const form = useForm<PasswordChange>({
    initialValues: { currentPassword: '', newPassword: '' },
    validate: {
      currentPassword: isNotEmpty('Enter your password as it is now'),
      newPassword: hasLength({ min: 8, max: 200 }, 'At least 8 characters'),
    },
  });
  const change = useMutation({
    mutationFn: changeOwnPassword,
    onError: (error) => form.setErrors(readFieldErrorsFromServer(error)),
    onSuccess: () => {
      form.reset();
      return client.invalidateQueries({ queryKey: queryKeys.loginSessions });
    },
  });
  const fieldless = change.error && Object.keys(readFieldErrorsFromServer(change.error)).length === 0;
  return (
    <form onSubmit={form.onSubmit((values) => change.mutate(values))} noValidate aria-label="Change password">
      <Stack>
        {fieldless && (
          <Alert color="red" role="alert">
            {describeErrorForPeople(change.error)}
          </Alert>
        )}
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

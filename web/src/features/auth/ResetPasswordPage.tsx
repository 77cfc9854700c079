import { Alert, Anchor, Button, Stack, Text } from '@mantine/core';
import { hasLength, useForm } from '@mantine/form';
import { useDocumentTitle } from '@mantine/hooks';
import { OwlPostError } from '@owlpost/client';
import { Link, useLocation } from 'react-router';
import { FormFailure } from '../../components/FormFailure';
import { PasswordField } from '../../components/PasswordField';
import { describeErrorForPeople } from '../../lib/apiError';
import { useServerForm } from '../../lib/useServerForm';
import { resetPasswordWithToken } from './api/resetPassword';
import { AuthLayout } from './AuthLayout';

function describeFailedReset(error: unknown): string {
  const isSpent = error instanceof OwlPostError && error.status === 404;
  return isSpent ? 'This link was used already, or is too old. Ask for another one.' : describeErrorForPeople(error);
}

/** Where the link leads that an Auror made: its secret is behind the `#`, which no server is sent. */
export function ResetPasswordPage() {
  useDocumentTitle('Set a new password · Owl Post');
  const token = useLocation().hash.slice(1);
  const form = useForm({
    initialValues: { password: '' },
    validate: { password: hasLength({ min: 8, max: 200 }, 'At least 8 characters') },
  });
  const reset = useServerForm(form, ({ password }) => resetPasswordWithToken(token, password));
  return (
    <AuthLayout title="Set a new password" subtitle="Everyone who is signed in as you is signed out.">
      {reset.isSuccess ? (
        <Alert color="green" role="status">
          Your password is set.{' '}
          <Anchor component={Link} to="/login" underline="always">
            Sign in
          </Anchor>
        </Alert>
      ) : (
        <form onSubmit={form.onSubmit((values) => reset.mutate(values))} noValidate>
          <Stack>
            <FormFailure error={reset.error} describe={describeFailedReset} />
            <PasswordField
              label="New password"
              description="8 to 200 characters, and not easily guessed."
              autoComplete="new-password"
              {...form.getInputProps('password')}
            />
            <Button type="submit" size="md" loading={reset.isPending} fullWidth>
              Set password
            </Button>
            <Text size="sm" ta="center" c="dimmed">
              <Anchor component={Link} to="/login" underline="always">
                Back to sign in
              </Anchor>
            </Text>
          </Stack>
        </form>
      )}
    </AuthLayout>
  );
}

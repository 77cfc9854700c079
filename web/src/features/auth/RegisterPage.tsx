import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { hasLength, isEmail, useForm } from '@mantine/form';
import { useDocumentTitle } from '@mantine/hooks';
import type { Registration } from '@owlpost/client/rest';
import { Link, useLocation } from 'react-router';
import { FormFailure } from '../../components/FormFailure';
import { PasswordField } from '../../components/PasswordField';
import { useServerForm } from '../../lib/useServerForm';
import { registerUserWithPassword } from './api/registerUser';
import { AuthLayout } from './AuthLayout';

export function RegisterPage() {
  useDocumentTitle('Create an account · Owl Post');
  // The secret of an invitation is behind the `#`, which no server is sent.
  const invitation = useLocation().hash.slice(1) || undefined;
  const form = useForm<Registration>({
    initialValues: { name: '', email: '', password: '' },
    validate: {
      name: hasLength({ min: 1, max: 100 }, 'Your name, up to 100 characters'),
      email: isEmail('An email address, such as luna.lovegood@hogwarts.edu'),
      password: hasLength({ min: 8, max: 200 }, 'At least 8 characters'),
    },
  });
  const register = useServerForm(form, (values: Registration) => registerUserWithPassword({ ...values, invitation }));
  return (
    <AuthLayout title="Create an account" subtitle={invitation ? 'You are invited.' : 'Everyone starts as a student.'}>
      <form onSubmit={form.onSubmit((values) => register.mutate(values))} noValidate>
        <Stack>
          <FormFailure error={register.error} />
          <TextInput label="Name" autoComplete="name" {...form.getInputProps('name')} />
          <TextInput
            label="Email"
            type="email"
            description="The part before the @ is how others mention you, with a number if somebody has it already."
            autoComplete="username"
            {...form.getInputProps('email')}
          />
          <PasswordField
            label="Password"
            description="8 to 200 characters, and not easily guessed."
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <Button type="submit" size="md" loading={register.isPending} fullWidth>
            Create account
          </Button>
          <Text size="sm" ta="center" c="dimmed">
            Been here before?{' '}
            <Anchor component={Link} to="/login" underline="always">
              Sign in
            </Anchor>
          </Text>
        </Stack>
      </form>
    </AuthLayout>
  );
}

import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { isNotEmpty, useForm } from '@mantine/form';
import { useDocumentTitle } from '@mantine/hooks';
import { OwlPostError } from '@owlpost/client';
import type { Credentials } from '@owlpost/client/rest';
import { useEffect, useRef } from 'react';
import { Link } from 'react-router';
import { FormFailure } from '../../components/FormFailure';
import { PasswordField } from '../../components/PasswordField';
import { describeErrorForPeople } from '../../lib/apiError';
import { useRetryDelay } from '../../lib/useRetryDelay';
import { useServerForm } from '../../lib/useServerForm';
import { loginUserWithPassword } from './api/loginUser';
import { AuthLayout } from './AuthLayout';
import { DemoUsers } from './DemoUsers';
import { SignedOutNotice } from './SignedOutNotice';

/** Which of the two is wrong nobody is told, and the server's words are for programs. */
function describeFailedLogin(error: unknown): string {
  const isWrong = error instanceof OwlPostError && error.status === 401;
  return isWrong ? 'Email or password is wrong.' : describeErrorForPeople(error);
}

export function LoginPage() {
  useDocumentTitle('Sign in · Owl Post');
  const form = useForm<Credentials>({
    initialValues: { email: '', password: '' },
    validate: { email: isNotEmpty('Enter your email'), password: isNotEmpty('Enter your password') },
  });
  const password = useRef<HTMLInputElement>(null);
  const login = useServerForm(form, loginUserWithPassword);
  const { error } = login;
  // Somebody else's account may be another matter.
  const wait = useRetryDelay(login.variables?.email === form.values.email ? error : null);
  const submit = (values: Credentials) => {
    if (wait === 0) login.mutate(values);
  };
  useEffect(() => {
    if (!error) return;
    // Selecting focuses in Chromium alone.
    password.current?.focus();
    password.current?.select();
  }, [error]);
  return (
    <AuthLayout title="Sign in" subtitle="Good to see you back.">
      <SignedOutNotice />
      <form onSubmit={form.onSubmit(submit)} noValidate>
        <Stack>
          <FormFailure error={error} describe={describeFailedLogin} />
          <TextInput
            label="Email"
            type="email"
            autoComplete="username"
            placeholder="harry.potter@hogwarts.edu"
            {...form.getInputProps('email')}
          />
          <PasswordField ref={password} label="Password" autoComplete="current-password" {...form.getInputProps('password')} />
          <Button type="submit" size="md" loading={login.isPending} disabled={wait > 0} fullWidth>
            Sign in
          </Button>
          <Text size="sm" ta="center" c="dimmed">
            New to the castle?{' '}
            <Anchor component={Link} to="/register" underline="always">
              Create an account
            </Anchor>
          </Text>
        </Stack>
      </form>
      <DemoUsers disabled={login.isPending} onChoose={(user) => login.mutate(user)} />
    </AuthLayout>
  );
}

import { screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { sessionStore } from '../../lib/session';
import { harry } from '../../lib/testData';
import { describeRefusal, http, startFakeServer } from '../../testing/fakeServer';
import { renderScreen } from '../../testing/renderScreen';
import { LoginPage } from './LoginPage';

const fake = startFakeServer();

async function signInWith(email: string, password: string) {
  const { user } = renderScreen(<LoginPage />, { path: '/login' });
  if (email) await user.type(screen.getByLabelText('Email'), email);
  if (password) await user.type(screen.getByLabelText('Password'), password);
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
}

describe('the login', () => {
  beforeEach(() => localStorage.clear());

  it('should ask for what is missing, and send nothing', async () => {
    await signInWith('', '');
    expect(screen.getByText('Enter your email')).toBeTruthy();
    expect(screen.getByText('Enter your password')).toBeTruthy();
    expect(fake.requests).toEqual([]);
  });

  it('should not say which of the two is wrong, and let the password be written anew', async () => {
    fake.use(http.post('/api/auth/login', ({ response }) => response(401).json(describeRefusal('UNAUTHENTICATED', 'Unknown user or password'))));
    await signInWith('harry.potter@hogwarts.edu', 'wrong');
    expect((await screen.findByRole('alert')).textContent).toBe('Email or password is wrong.');
    const password = screen.getByLabelText<HTMLInputElement>('Password');
    expect(document.activeElement).toBe(password);
    expect([password.selectionStart, password.selectionEnd]).toEqual([0, 5]);
    expect(screen.getByLabelText<HTMLInputElement>('Email').value).toBe('harry.potter@hogwarts.edu');
    expect(sessionStore.get()).toBeNull();
  });

  it('should say how long to wait after too many tries', async () => {
    fake.use(
      http.post('/api/auth/login', ({ response }) =>
        response(429).json(describeRefusal('RATE_LIMITED', 'slow down'), { headers: { 'Retry-After': '42' } }),
      ),
    );
    await signInWith('harry.potter@hogwarts.edu', 'wrong');
    expect((await screen.findByRole('alert')).textContent).toContain('Try again in 42 s');
  });

  it('should open a session of whoever is let in', async () => {
    fake.use(
      http.post('/api/auth/login', ({ response }) => response(200).json({ user: harry, accessToken: 'a', refreshToken: 'r', expiresIn: 900 })),
    );
    await signInWith('harry.potter@hogwarts.edu', 'alohomora1');
    await waitFor(() => expect(sessionStore.get()?.user).toEqual(harry));
    expect(fake.requests).toEqual([
      { method: 'POST', path: '/api/auth/login', body: { email: 'harry.potter@hogwarts.edu', password: 'alohomora1' } },
    ]);
  });
});

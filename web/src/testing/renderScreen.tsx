import { MantineProvider } from '@mantine/core';
import type { User } from '@owlpost/client';
import { QueryClientProvider } from '@tanstack/react-query';
import { act, render } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { type ReactNode } from 'react';
import { MemoryRouter } from 'react-router';
import { vi } from 'vitest';
import { theme } from '../app/theme';
import { Toasts } from '../app/Toasts';
import { createQueryClientForDashboard } from '../lib/queryClient';
import { sessionStore } from '../lib/session';
import { RealtimeProvider } from '../realtime';
import { FakeSocket } from './fakeSocket';
import './browser';

const opened = vi.hoisted(() => ({ socket: null as FakeSocket | null }));
vi.mock('socket.io-client', () => ({ io: ({ auth }: Pick<FakeSocket, 'auth'>) => Object.assign(opened.socket!, { auth }) }));

interface Options {
  /** Who looks at it; nobody before the login. */
  as?: User | null;
  path?: string;
}

/** Shows a part of the dashboard as it is in the app, but for the shell, beside toasts and over a socket that a test speaks for. */
export function renderScreen(screen: ReactNode, { as = null, path = '/incidents' }: Options = {}) {
  const socket = new FakeSocket(() => ({ user: as, lastEventId: '0', socketId: 's1' }));
  opened.socket = socket;
  const later = Date.now() + 900_000;
  sessionStore.set(as && { user: as, accessToken: 'token', refreshToken: 'refresh', issuedAt: Date.now(), expiresAt: later });
  const view = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={createQueryClientForDashboard()}>
        <MemoryRouter initialEntries={[path]}>
          <Toasts />
          {as ? <RealtimeProvider userId={as.id}>{screen}</RealtimeProvider> : screen}
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, socket, user: userEvent.setup(), hear: (name: string, payload: unknown) => act(() => socket.receive(name, payload)) };
}

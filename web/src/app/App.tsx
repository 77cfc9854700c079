import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useLayoutEffect, useState } from 'react';
import { createQueryClientForDashboard } from '../lib/queryClient';
import { sessionStore } from '../lib/session';
import { forgetKnownData } from '../realtime';
import { FailureBoundary } from './FailureBoundary';
import { Router } from './router';
import { resolveReadableVariables, theme } from './theme';

export function App() {
  const [client] = useState(createQueryClientForDashboard);
  // What the page showed by itself goes in the same moment in which there is something else.
  useLayoutEffect(() => document.getElementById('shell')?.remove(), []);
  useEffect(() => {
    // What one person was shown is not for the next one at this screen.
    let user = sessionStore.get()?.user.id;
    return sessionStore.subscribe(() => {
      const next = sessionStore.get()?.user.id;
      if (next !== user) {
        client.clear();
        forgetKnownData();
      }
      user = next;
    });
  }, [client]);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolveReadableVariables} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <FailureBoundary>
          <Router />
        </FailureBoundary>
      </QueryClientProvider>
    </MantineProvider>
  );
}

import { OwlPostError } from '@owlpost/client';
import { QueryClient } from '@tanstack/react-query';

const MAX_RETRIES = 3;

function shouldRetryAfterFailure(count: number, error: unknown): boolean {
  if (count >= MAX_RETRIES) return false;
  if (!(error instanceof OwlPostError)) return false;
  return error.status === 0 || error.status >= 500 || error.status === 429;
}

/**
 * Server data is kept true by socket events, not by age: nothing goes stale by itself, and the realtime layer
 * invalidates what it could not follow.
 */
export function createQueryClientForDashboard(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Infinity,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        networkMode: 'always',
        retry: shouldRetryAfterFailure,
        retryDelay: (attempt, error) =>
          error instanceof OwlPostError && error.retryAfterSeconds
            ? error.retryAfterSeconds * 1000
            : Math.min(500 * 2 ** attempt, 5_000),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

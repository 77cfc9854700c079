import { OwlPostError } from '@owlpost/client';
import { useSecondsNow } from './time';

/** Seconds until the server takes another try, counted down; 0 when it takes one now. */
export function useRetryDelay(error: unknown): number {
  const now = useSecondsNow();
  if (!(error instanceof OwlPostError) || error.code !== 'RATE_LIMITED' || !error.retryAfterSeconds) return 0;
  const left = Math.ceil(error.retryAfterSeconds - (now - error.at) / 1000);
  return Math.max(0, Math.min(left, error.retryAfterSeconds));
}

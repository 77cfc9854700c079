import { Alert, VisuallyHidden } from '@mantine/core';
import { OwlPostError } from '@owlpost/client';
import { describeErrorForPeople, readFieldErrorsFromServer } from '../lib/apiError';
import { useRetryDelay } from '../lib/useRetryDelay';

interface Props {
  error: unknown;
  /** Words that fit this form better than the server's. */
  describe?: (error: unknown) => string;
}

/** Counts down for the eye; for the ear it is said once. */
function TooManyTries({ error }: { error: OwlPostError }) {
  const left = useRetryDelay(error);
  return (
    <>
      <VisuallyHidden>Too many tries. Try again in {error.retryAfterSeconds} s.</VisuallyHidden>
      <span aria-hidden data-testid="retry-delay">
        Too many tries. {left > 0 ? `Try again in ${left} s.` : 'You can try again now.'}
      </span>
    </>
  );
}

/** What the server says of a form as a whole; what it says of a field stands there. */
export function FormFailure({ error, describe = describeErrorForPeople }: Props) {
  if (!error || Object.keys(readFieldErrorsFromServer(error)).length > 0) return null;
  const isTooOften = error instanceof OwlPostError && error.code === 'RATE_LIMITED' && error.retryAfterSeconds;
  return (
    <Alert color="red" role="alert">
      {isTooOften ? <TooManyTries error={error} /> : describe(error)}
    </Alert>
  );
}

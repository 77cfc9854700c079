import { Alert } from '@mantine/core';
import { describeErrorForPeople, readFieldErrorsFromServer } from '../lib/apiError';

/** What the server says of a form as a whole; what it says of a field stands there. */
export function FormFailure({ error }: { error: unknown }) {
  if (!error || Object.keys(readFieldErrorsFromServer(error)).length > 0) return null;
  return (
    <Alert color="red" role="alert">
      {describeErrorForPeople(error)}
    </Alert>
  );
}

import type { UseFormReturnType } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { readFieldErrorsFromServer } from './apiError';

/** Submits a form and puts the server's complaints at their fields. */
export function useServerForm<V extends object, R>(form: UseFormReturnType<V>, submit: (values: V) => Promise<R>) {
  return useMutation({
    mutationFn: submit,
    onError: (error) => form.setErrors(readFieldErrorsFromServer(error)),
  });
}

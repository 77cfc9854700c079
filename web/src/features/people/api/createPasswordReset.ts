import { useMutation } from '@tanstack/react-query';
import { rest } from '../../../lib/server';

export function useCreatePasswordReset(id: string) {
  return useMutation({
    mutationFn: () => rest.post('/api/users/{id}/password-reset', { path: { id } }),
  });
}

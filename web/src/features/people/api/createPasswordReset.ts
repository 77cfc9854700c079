import { useMutation } from '@tanstack/react-query';
import type { LinkOnce } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';

export function useCreatePasswordReset(id: string) {
  return useMutation({
    mutationFn: () => sendApiRequest<LinkOnce>({ method: 'POST', path: `/api/users/${id}/password-reset` }),
  });
}

import { sendApiRequest } from '../../../lib/http';

export function resetPasswordWithToken(token: string, password: string): Promise<void> {
  return sendApiRequest({ method: 'POST', path: '/api/auth/password-reset', body: { token, password }, anonymous: true });
}

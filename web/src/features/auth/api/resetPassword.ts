import { rest } from '../../../lib/server';

export function resetPasswordWithToken(token: string, password: string): Promise<void> {
  return rest.post('/api/auth/password-reset', { body: { token, password }, anonymous: true });
}

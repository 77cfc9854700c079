import type { PasswordChange } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';

export function changeOwnPassword(change: PasswordChange): Promise<void> {
  return sendApiRequest({ method: 'PUT', path: '/api/auth/password', body: change });
}

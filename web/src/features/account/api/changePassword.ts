import { sendApiRequest } from '../../../lib/http';

export interface PasswordChange {
  currentPassword: string;
  newPassword: string;
}

export function changeOwnPassword(change: PasswordChange): Promise<void> {
  return sendApiRequest({ method: 'PUT', path: '/api/auth/password', body: change });
}

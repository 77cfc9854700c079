import type { PasswordChange } from '@owlpost/client/rest';
import { rest } from '../../../lib/server';

export function changeOwnPassword(change: PasswordChange): Promise<void> {
  return rest.put('/api/auth/password', { body: change });
}

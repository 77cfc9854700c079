import type { Registration, TokenGrant } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { saveSessionFromTokenAnswer, type Session } from '../../../lib/session';

export async function registerUserWithPassword(registration: Registration): Promise<Session> {
  const answer = await sendApiRequest<TokenGrant>({
    method: 'POST',
    path: '/api/auth/register',
    body: registration,
    anonymous: true,
  });
  return saveSessionFromTokenAnswer(answer);
}

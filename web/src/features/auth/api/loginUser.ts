import type { Credentials, TokenGrant } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { saveSessionFromTokenAnswer, type Session } from '../../../lib/session';

export async function loginUserWithPassword(credentials: Credentials): Promise<Session> {
  const answer = await sendApiRequest<TokenGrant>({
    method: 'POST',
    path: '/api/auth/login',
    body: credentials,
    anonymous: true,
  });
  return saveSessionFromTokenAnswer(answer);
}

import { sendApiRequest } from '../../../lib/http';
import { saveSessionFromTokenAnswer, type Session, type TokenAnswer } from '../../../lib/session';

export interface Credentials {
  email: string;
  password: string;
}

export async function loginUserWithPassword(credentials: Credentials): Promise<Session> {
  const answer = await sendApiRequest<TokenAnswer>({
    method: 'POST',
    path: '/api/auth/login',
    body: credentials,
    anonymous: true,
  });
  return saveSessionFromTokenAnswer(answer);
}

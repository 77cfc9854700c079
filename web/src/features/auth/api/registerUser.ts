import { sendApiRequest } from '../../../lib/http';
import { saveSessionFromTokenAnswer, type Session, type TokenAnswer } from '../../../lib/session';

export interface Registration {
  email: string;
  name: string;
  password: string;
  invitation?: string;
}

export async function registerUserWithPassword(registration: Registration): Promise<Session> {
  const answer = await sendApiRequest<TokenAnswer>({
    method: 'POST',
    path: '/api/auth/register',
    body: registration,
    anonymous: true,
  });
  return saveSessionFromTokenAnswer(answer);
}

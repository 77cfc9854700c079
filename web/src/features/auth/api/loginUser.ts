import type { Session } from '@owlpost/client';
import type { Credentials } from '@owlpost/client/rest';
import { rest } from '../../../lib/server';
import { saveSessionFromTokenAnswer } from '../../../lib/session';

export async function loginUserWithPassword(credentials: Credentials): Promise<Session> {
  return saveSessionFromTokenAnswer(await rest.post('/api/auth/login', { body: credentials, anonymous: true }));
}

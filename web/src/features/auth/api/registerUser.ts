import type { Session } from '@owlpost/client';
import type { Registration } from '@owlpost/client/rest';
import { rest } from '../../../lib/server';
import { saveSessionFromTokenAnswer } from '../../../lib/session';

export async function registerUserWithPassword(registration: Registration): Promise<Session> {
  return saveSessionFromTokenAnswer(await rest.post('/api/auth/register', { body: registration, anonymous: true }));
}

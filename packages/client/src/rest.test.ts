import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSourceOfAskedTokens, createSourceOfFixedToken } from './credentials';
import { createRestClient } from './rest';
import { createTransportToServer } from './transport';

afterEach(() => vi.unstubAllGlobals());

/** What was asked, as `METHOD address token key body`; `answer` is given the token. */
function recordRequestsOfFetch(answer: (token: string | undefined) => Response): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string, { method, headers, body }: { method: string; headers: Record<string, string>; body?: string }) => {
    asked.push([method, url, headers.Authorization, headers['Idempotency-Key'], body].filter(Boolean).join(' '));
    return answer(headers.Authorization?.replace('Bearer ', ''));
  });
  return asked;
}

const refuse = (status: number, code: string) => Response.json({ error: { code, message: code, details: { field: 'x' } } }, { status, headers: { 'Retry-After': '7' } });

describe('REST', () => {
  it('should fill in paths and queries, and leave out what is empty', async () => {
    const asked = recordRequestsOfFetch(() => Response.json({}));
    const rest = createRestClient(createTransportToServer('https://x.example/owl/'), createSourceOfFixedToken('owl_1'));
    await rest.get('/api/incidents', { query: { status: ['OPEN', 'IN_PROGRESS'], q: '', before: null, limit: 5 } });
    await rest.post('/api/incidents/{id}/comments', { path: { id: 'a/b' }, body: { content: 'Hm' }, idempotencyKey: 'k' });
    await rest.get('/api/meta', { anonymous: true });
    expect(asked).toEqual([
      'GET https://x.example/owl/api/incidents?status=OPEN&status=IN_PROGRESS&limit=5 Bearer owl_1',
      'POST https://x.example/owl/api/incidents/a%2Fb/comments Bearer owl_1 k {"content":"Hm"}',
      'GET https://x.example/owl/api/meta',
    ]);
  });

  it('should ask for a token when there is none, and once more when it is no longer good', async () => {
    const tokens = ['first', 'second'];
    const ask = vi.fn(() => tokens.shift() ?? 'none');
    const asked = recordRequestsOfFetch((token) => (token === 'second' ? Response.json({ userCount: 1 }) : refuse(401, 'TOKEN_EXPIRED')));
    const rest = createRestClient(createTransportToServer(''), createSourceOfAskedTokens(ask));
    await Promise.all([rest.get('/api/presence/online'), rest.get('/api/presence/online')]);
    expect(ask).toHaveBeenCalledTimes(2);
    expect(asked.filter((line) => line.endsWith('second'))).toHaveLength(2);
  });

  it('should fail with the code, the details and the time to wait', async () => {
    recordRequestsOfFetch(() => refuse(429, 'RATE_LIMITED'));
    const rest = createRestClient(createTransportToServer(''), createSourceOfFixedToken('owl_1'));
    const failed = rest.get('/api/incidents');
    await expect(failed).rejects.toMatchObject({ name: 'OwlPostError', code: 'RATE_LIMITED', status: 429, details: { field: 'x' }, retryAfterSeconds: 7 });
  });

  it('should take the refusal of the only token there is for final', async () => {
    const asked = recordRequestsOfFetch(() => refuse(401, 'UNAUTHENTICATED'));
    const rest = createRestClient(createTransportToServer(''), createSourceOfFixedToken('owl_1'));
    await expect(rest.get('/api/incidents')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(asked).toHaveLength(1);
  });
});

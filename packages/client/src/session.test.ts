import { afterEach, describe, expect, it, vi } from 'vitest';
import { computeRenewalDelayForToken, createSourceOfSession, readSessionFromGrant, type Session, type SessionOptions } from './session';
import { createStoreWithListeners } from './store';
import { harry } from './testing/people';
import { createTransportToServer } from './transport';

afterEach(() => vi.unstubAllGlobals());

const grant = (token: string) => ({ user: harry, accessToken: token, refreshToken: `r-${token}`, expiresIn: 900 });

function beginSessionForTest(options: Partial<SessionOptions> = {}) {
  const store = createStoreWithListeners<Session | null>(readSessionFromGrant(grant('old')));
  const source = createSourceOfSession({ transport: createTransportToServer(''), store, ...options });
  return { store, source };
}

describe('renewing a session', () => {
  it('should come a minute before the end, or a fifth of a short life', () => {
    const session = readSessionFromGrant(grant('a'));
    expect(computeRenewalDelayForToken(session, session.issuedAt)).toBe(840_000);
    expect(computeRenewalDelayForToken({ ...session, expiresAt: session.issuedAt + 10_000 }, session.issuedAt)).toBe(8_000);
    expect(computeRenewalDelayForToken(session, session.expiresAt + 1)).toBe(0);
    expect(computeRenewalDelayForToken({ accessToken: 'owl_1' }, 0)).toBeNull();
  });

  it('should exchange a refresh token once for all who ask', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Response.json(grant('new'))));
    const { source } = beginSessionForTest();
    const renewed = await Promise.all([source.renew('old'), source.renew('old')]);
    expect(renewed.map((session) => session?.accessToken)).toEqual(['new', 'new']);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('should use what somebody else has got meanwhile', async () => {
    vi.stubGlobal('fetch', vi.fn());
    const { store, source } = beginSessionForTest({
      renewAlone: (renew) => {
        store.set(readSessionFromGrant(grant('theirs')));
        return renew();
      },
    });
    expect((await source.renew('old'))?.accessToken).toBe('theirs');
    expect(fetch).not.toHaveBeenCalled();
  });

  it('should keep the session when the server is away', async () => {
    for (const answer of [() => Promise.reject(new TypeError('no network')), () => Promise.resolve(new Response('', { status: 503 }))]) {
      vi.stubGlobal('fetch', vi.fn(answer));
      const { source } = beginSessionForTest();
      expect(await source.renew('old')).toBeNull();
      expect(source.get()?.accessToken).toBe('old');
    }
  });

  it('should end a session that the server refuses, and say whose it was', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => new Response('{}', { status: 401 })));
    const onRefused = vi.fn();
    const { source } = beginSessionForTest({ onRefused });
    expect(await source.renew('old')).toBeNull();
    expect(source.get()).toBeNull();
    expect(onRefused).toHaveBeenCalledWith(expect.objectContaining({ user: harry, accessToken: 'old' }));
  });
});

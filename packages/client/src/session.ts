import type { Credentials, CredentialSource } from './credentials';
import { OwlPostError } from './errors';
import type { User } from './generated';
import type { TokenGrant } from './generated/rest';
import type { Store } from './store';
import { readJsonOfAnswer, type Transport } from './transport';

/** A login: who is signed in, and the tokens that prove it. Plain data, to be kept wherever a caller likes. */
export interface Session extends Credentials {
  user: User;
  accessToken: string;
  /** Good once. */
  refreshToken: string;
  issuedAt: number;
  expiresAt: number;
}

export interface SessionOptions {
  transport: Transport;
  /** Where the session is kept. One that several tabs share must tell of their changes too. */
  store: Store<Session | null>;
  /**
   * Runs a renewal of the token `stale` alone among everybody who shares the store. A refresh token is good once: two that used the same
   * one would look like a thief and lose the login. Without it, the store must be this process's own.
   */
  renewAlone?: (renew: () => Promise<Session | null>, stale: string) => Promise<Session | null>;
  /** The server refused to go on with the login, which is about to be taken out of the store. */
  onRefused?: (session: Session) => void;
}

export interface SessionSource extends CredentialSource, Store<Session | null> {
  get(): Session | null;
  renew(stale: string | null): Promise<Session | null>;
}

export function readSessionFromGrant(grant: TokenGrant): Session {
  const issuedAt = Date.now();
  const { user, accessToken, refreshToken, expiresIn } = grant;
  return { user, accessToken, refreshToken, issuedAt, expiresAt: issuedAt + expiresIn * 1000 };
}

/** Milliseconds from now until a token should be renewed: a fifth of its life before its end, a minute at most. `null`: that is not known. */
export function computeRenewalDelayForToken({ issuedAt, expiresAt }: Credentials, now: number): number | null {
  if (issuedAt === undefined || expiresAt === undefined) return null;
  const life = Math.max(0, expiresAt - issuedAt);
  const margin = Math.min(60_000, life / 5);
  return Math.max(0, expiresAt - margin - now);
}

/** Keeps a login going with its refresh token. */
export function createSourceOfSession({ transport, store, renewAlone = (renew) => renew(), onRefused }: SessionOptions): SessionSource {
  async function exchangeRefreshTokenForSession(session: Session): Promise<Session | null> {
    const { refreshToken } = session;
    try {
      const request = { method: 'POST', path: '/api/auth/refresh', body: { refreshToken } } as const;
      const renewed = readSessionFromGrant(await transport.exchange(request, undefined, readJsonOfAnswer<TokenGrant>));
      store.set(renewed);
      return renewed;
    } catch (error) {
      // Unreachable is not refused: keep the session and try again later.
      if (!(error instanceof OwlPostError) || ![400, 401, 403].includes(error.status)) return null;
      const current = store.get();
      if (current && current.refreshToken !== refreshToken) return current;
      onRefused?.(session);
      store.set(null);
      return null;
    }
  }

  async function renewUnlessDoneAlready(stale: string): Promise<Session | null> {
    const current = store.get();
    if (!current || current.accessToken !== stale) return current;
    return await exchangeRefreshTokenForSession(current);
  }

  let inFlight: Promise<Session | null> | null = null;
  return {
    get: store.get,
    set: store.set,
    subscribe: store.subscribe,
    get canRenew() {
      return store.get() !== null;
    },
    renew(stale) {
      if (stale === null) return Promise.resolve(store.get());
      inFlight ??= renewAlone(() => renewUnlessDoneAlready(stale), stale).finally(() => {
        inFlight = null;
      });
      return inFlight;
    },
  };
}

import { createSourceOfAskedTokens, createSourceOfFixedToken } from './credentials';
import type { User } from './generated';
import type { Registration, Credentials as LoginBody } from './generated/rest';
import { RealtimeClient, type RealtimeOptions } from './realtime';
import { createRestClient, type RestClient } from './rest';
import { createSourceOfSession, readSessionFromGrant, type Session, type SessionOptions, type SessionSource } from './session';
import { createStoreWithListeners, type ReadableStore } from './store';
import { createTransportToServer } from './transport';

export interface OwlPostOptions extends Omit<RealtimeOptions, 'credentials'>, Partial<Omit<SessionOptions, 'transport'>> {
  /** An API token (`owl_…`), or what asks somebody else, such as an identity provider, for one. Without it, people log in. */
  token?: string | (() => string | Promise<string>);
}

/** One server, as one person or tool. */
export class OwlPost extends RealtimeClient {
  constructor(
    options: RealtimeOptions,
    /** REST, typed by the OpenAPI document. */
    readonly rest: RestClient,
    /** Who is signed in. */
    readonly session: ReadableStore<Session | null>,
    /** How many requests have been waiting for longer than people are patient. */
    readonly slow: ReadableStore<number>,
    private readonly login: SessionSource | null,
  ) {
    super(options);
  }

  /** Signs in, and stays signed in: tokens renew themselves. */
  async logIn(body: LoginBody): Promise<User> {
    return this.beginSessionOfPerson((await this.rest.post('/api/auth/login', { body, anonymous: true })));
  }

  /** Makes an account, and signs in with it. */
  async register(body: Registration): Promise<User> {
    return this.beginSessionOfPerson(await this.rest.post('/api/auth/register', { body, anonymous: true }));
  }

  /** Disconnects and signs out, here at once and at the server as soon as it is told. */
  async logOut(): Promise<void> {
    this.disconnect();
    const refreshToken = this.session.get()?.refreshToken;
    this.login?.set(null);
    if (refreshToken) await this.rest.post('/api/auth/logout', { body: { refreshToken }, anonymous: true });
  }

  private beginSessionOfPerson(grant: Parameters<typeof readSessionFromGrant>[0]): User {
    if (!this.login) throw new Error('Nobody logs in to a client that was given a token');
    this.login.set(readSessionFromGrant(grant));
    return grant.user;
  }
}

/** A client of the server at `url`. It connects when it is told to. */
export function createOwlPost({ token, store, renewAlone, onRefused, ...options }: OwlPostOptions): OwlPost {
  const transport = createTransportToServer(options.url);
  const kept = store ?? createStoreWithListeners<Session | null>(null);
  const login = token === undefined ? createSourceOfSession({ transport, store: kept, renewAlone, onRefused }) : null;
  const credentials = login ?? (typeof token === 'string' ? createSourceOfFixedToken(token) : createSourceOfAskedTokens(token!));
  return new OwlPost({ ...options, credentials }, createRestClient(transport, credentials), kept, transport.slow, login);
}

import { createSourceOfAskedTokens, createSourceOfFixedToken } from './credentials';
import type { User } from './generated';
import type { Credentials as LoginBody, Registration, TokenGrant } from './generated/rest';
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
  readonly #login: SessionSource | null;

  constructor(
    options: RealtimeOptions,
    /** REST, typed by the OpenAPI document. */
    readonly rest: RestClient,
    /** Who is signed in. */
    readonly session: ReadableStore<Session | null>,
    /** How many requests have been waiting for longer than people are patient. */
    readonly slow: ReadableStore<number>,
    login: SessionSource | null,
  ) {
    super(options);
    this.#login = login;
  }

  /** Signs in, and stays signed in: tokens renew themselves. */
  logIn(body: LoginBody): Promise<User> {
    return this.#beginSessionWithGrant(() => this.rest.post('/api/auth/login', { body, anonymous: true }));
  }

  /** Makes an account, and signs in with it. */
  register(body: Registration): Promise<User> {
    return this.#beginSessionWithGrant(() => this.rest.post('/api/auth/register', { body, anonymous: true }));
  }

  /** Disconnects and signs out, here at once. Fails when the server could not be told, where the login then ends by itself in time. */
  async logOut(): Promise<void> {
    this.disconnect();
    const refreshToken = this.session.get()?.refreshToken;
    this.#login?.set(null);
    if (refreshToken) await this.rest.post('/api/auth/logout', { body: { refreshToken }, anonymous: true });
  }

  async #beginSessionWithGrant(ask: () => Promise<TokenGrant>): Promise<User> {
    if (!this.#login) throw new Error('Nobody logs in to a client that was given a token');
    const session = readSessionFromGrant(await ask());
    this.#login.set(session);
    return session.user;
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

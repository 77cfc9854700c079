import type { CredentialSource } from './credentials';
import { OwlPostError } from './errors';
import type { paths } from './generated/rest';
import { type AnswerReader, type HttpRequest, type QueryValue, readFileWhileItComes, readJsonOfAnswer, type Transport } from './transport';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Json<B> = { content: { 'application/json': B } };

/** The paths that know a method. */
export type PathsOf<M extends Method> = { [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never }[keyof paths];
type OperationOf<M extends Method, P extends keyof paths> = NonNullable<paths[P][M]>;

type PathOf<O> = O extends { parameters: { path: infer R } } ? { path: R } : unknown;
/** What is `null` is left out, as what is not there. */
type QueryOf<O> = O extends { parameters: { query?: infer R } } ? { query?: { [K in keyof R]: R[K] | null } } : unknown;
type BodyOf<O> = O extends { requestBody: Json<infer B> } ? { body: B } : O extends { requestBody?: infer R } ? { body?: JsonOf<NonNullable<R>> } : unknown;
type JsonOf<R> = [R] extends [never] ? undefined : R extends Json<infer B> ? B : undefined;
/** What an operation answers when it is done. */
type AnswerOf<O> = O extends { responses: infer R } ? JsonOf<R[Extract<keyof R, 200 | 201 | 202 | 204>]> : never;

/** What any request may say besides its parameters and its body. */
export interface RequestOptions {
  /** What is repeated with the same key within a day happens once, and is answered as the first time. */
  idempotencyKey?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Goes on when the page is closed. */
  keepalive?: boolean;
  /** Carries no token, and does not try to renew one. */
  anonymous?: boolean;
}
export type OptionsOf<M extends Method, P extends keyof paths> = RequestOptions & PathOf<OperationOf<M, P>> & QueryOf<OperationOf<M, P>> & BodyOf<OperationOf<M, P>>;
/** Options are left out where nothing in them must be said. */
type OptionalArgument<O> = object extends O ? [options?: O] : [options: O];
type Call<M extends Method> = <P extends PathsOf<M>>(path: P, ...options: OptionalArgument<OptionsOf<M, P>>) => Promise<AnswerOf<OperationOf<M, P>>>;

/**
 * REST as the OpenAPI document describes it. Every request is bounded, and is repeated once with a new token when its own is no longer
 * good. Failures are an `OwlPostError`.
 */
export interface RestClient {
  get: Call<'get'>;
  post: Call<'post'>;
  put: Call<'put'>;
  patch: Call<'patch'>;
  delete: Call<'delete'>;
  /** An answer as it is. It may take as long as it comes. */
  download<P extends PathsOf<'get'>>(path: P, ...options: OptionalArgument<OptionsOf<'get', P>>): Promise<Blob>;
}

interface AnyOptions extends RequestOptions {
  path?: Record<string, string | number>;
  query?: Record<string, QueryValue>;
  body?: unknown;
}

function describeRequestOfCall(method: HttpRequest['method'], template: string, options: AnyOptions): HttpRequest {
  const { path = {}, query, body, headers, idempotencyKey, signal, keepalive } = options;
  return {
    method,
    path: template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? '')),
    query,
    body,
    headers: idempotencyKey === undefined ? headers : { ...headers, 'Idempotency-Key': idempotencyKey },
    signal,
    keepalive,
  };
}

export function createRestClient(transport: Transport, credentials: CredentialSource): RestClient {
  /** Adds the token, and renews it once when the server says it is no longer good. What somebody asked for is sent as nobody else. */
  async function exchangeWithRenewedToken<T>(request: HttpRequest, anonymous: boolean | undefined, read: AnswerReader<T>): Promise<T> {
    const used = anonymous ? null : (credentials.get() ?? (await credentials.renew(null)));
    try {
      return await transport.exchange(request, used?.accessToken, read);
    } catch (error) {
      if (!used || !credentials.canRenew || !(error instanceof OwlPostError) || error.status !== 401) throw error;
      const renewed = await credentials.renew(used.accessToken);
      if (!renewed || renewed.user?.id !== used.user?.id) throw error;
      return await transport.exchange(request, renewed.accessToken, read);
    }
  }

  const bindMethodToClient = <M extends Method>(method: HttpRequest['method']) =>
    ((path: string, options: AnyOptions = {}) =>
      exchangeWithRenewedToken(describeRequestOfCall(method, path, options), options.anonymous, readJsonOfAnswer)) as Call<M>;

  return {
    get: bindMethodToClient('GET'),
    post: bindMethodToClient('POST'),
    put: bindMethodToClient('PUT'),
    patch: bindMethodToClient('PATCH'),
    delete: bindMethodToClient('DELETE'),
    download: ((path: string, options: AnyOptions = {}) => {
      const request = describeRequestOfCall('GET', path, { ...options, headers: { Accept: '*/*', ...options.headers } });
      return exchangeWithRenewedToken(request, options.anonymous, readFileWhileItComes);
    }) as RestClient['download'],
  };
}

import { createNetworkErrorForRequest, createTimeoutErrorForRequest, OwlPostError } from './errors';
import { type RequestBound, startBoundOfRequest } from './requestBound';
import { createStoreWithListeners, type ReadableStore } from './store';

/** What a query may say; what is empty is left out, and a list is any of its values. */
export type QueryValue = string | number | boolean | undefined | null | readonly string[];

/** One exchange by HTTP. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, QueryValue>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Goes on when the page is closed. */
  keepalive?: boolean;
}

/** Reads what came, within the bound of its request. */
export type AnswerReader<T> = (response: Response, bound: RequestBound) => Promise<T>;

/** Bounded exchanges with one server. */
export interface Transport {
  /** How many requests have been waiting for longer than people are patient. */
  readonly slow: ReadableStore<number>;
  /** One exchange from its first byte to the last of its answer. Throws an `OwlPostError`, or what the caller's signal was aborted with. */
  exchange<T>(request: HttpRequest, token: string | undefined, read: AnswerReader<T>): Promise<T>;
}

function buildUrlWithQuery(url: string, { path, query }: HttpRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const each of [value].flat()) if (each !== undefined && each !== null && each !== '') search.append(name, String(each));
  }
  const text = search.toString();
  return url + (text ? `${path}?${text}` : path);
}

function buildHeadersOfRequest(request: HttpRequest, token: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'application/json', ...request.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (request.body !== undefined) headers['Content-Type'] = 'application/json';
  return headers;
}

async function readErrorFromResponse(response: Response): Promise<OwlPostError> {
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string; details?: unknown } };
    return new OwlPostError(error.code, error.message, response.status, error.details, retryAfter);
  } catch {
    const code = response.status >= 500 ? 'UNAVAILABLE' : 'INTERNAL';
    return new OwlPostError(code, `The server answered ${response.status}. Try again.`, response.status);
  }
}

/** `url` is where the server is, with the path it is below, if any; empty for the server of this page. */
export function createTransportToServer(url: string): Transport {
  const root = url.replace(/\/+$/, '');
  const slow = createStoreWithListeners(0);
  return {
    slow,
    async exchange(request, token, read) {
      const bound = startBoundOfRequest(request.signal, (isSlow) => slow.set(slow.get() + (isSlow ? 1 : -1)));
      try {
        const response = await fetch(buildUrlWithQuery(root, request), {
          method: request.method,
          headers: buildHeadersOfRequest(request, token),
          body: request.body === undefined ? undefined : JSON.stringify(request.body),
          signal: bound.signal,
          keepalive: request.keepalive,
        });
        if (!response.ok) throw await readErrorFromResponse(response);
        return await read(response, bound);
      } catch (error) {
        if (error instanceof OwlPostError || request.signal?.aborted) throw error;
        throw bound.hasPassed() ? createTimeoutErrorForRequest() : createNetworkErrorForRequest();
      } finally {
        bound.end();
      }
    },
  };
}

/** The JSON of an answer; `undefined` where there is none. */
export async function readJsonOfAnswer<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** A file may take as long as it comes: what is bounded is its silence. */
export async function readFileWhileItComes(response: Response, bound: RequestBound): Promise<Blob> {
  const reader = response.body?.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    bound.extend();
    const next = await reader?.read();
    if (!next || next.done) break;
    parts.push(next.value);
  }
  return new Blob(parts, { type: response.headers.get('Content-Type') ?? '' });
}

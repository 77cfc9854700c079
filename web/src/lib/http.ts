import { ApiError, createNetworkErrorForRequest, createTimeoutErrorForRequest } from './apiError';
import { addBasePathTo } from './basePath';
import { startBoundOfRequest, type RequestBound } from './requestBound';
import { sessionStore } from './session';
import { renewSessionWithSharedLock } from './sessionRenewal';

export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | number | undefined | null>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Goes on when the page is closed. */
  keepalive?: boolean;
  /** Login and registration carry no token and must not try to renew one. */
  anonymous?: boolean;
}

function buildUrlWithQuery(path: string, query: ApiRequest['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return addBasePathTo(text ? `${path}?${text}` : path);
}

async function readErrorFromResponse(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string; details?: unknown } };
    return new ApiError(error.code, error.message, response.status, error.details, retryAfter);
  } catch {
    const code = response.status >= 500 ? 'UNAVAILABLE' : 'INTERNAL';
    return new ApiError(code, `The server answered ${response.status}. Try again.`, response.status);
  }
}

/** Reads what came, within the bound of its request. */
type AnswerReader<T> = (response: Response, bound: RequestBound) => Promise<T>;

/** One exchange from its first byte to the last of its answer, bounded. */
async function exchangeOnceWithToken<T>(request: ApiRequest, token: string | undefined, read: AnswerReader<T>): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...request.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (request.body !== undefined) headers['Content-Type'] = 'application/json';
  const bound = startBoundOfRequest(request.signal);
  try {
    const response = await fetch(buildUrlWithQuery(request.path, request.query), {
      method: request.method ?? 'GET',
      headers,
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      signal: bound.signal,
      keepalive: request.keepalive,
    });
    if (!response.ok) throw await readErrorFromResponse(response);
    return await read(response, bound);
  } catch (error) {
    if (error instanceof ApiError || request.signal?.aborted) throw error;
    throw bound.hasPassed() ? createTimeoutErrorForRequest() : createNetworkErrorForRequest();
  } finally {
    bound.end();
  }
}

/** Adds the token, and renews it once when the server says it is no longer good. What somebody asked for is sent as nobody else. */
async function exchangeWithRenewedToken<T>(request: ApiRequest, read: AnswerReader<T>): Promise<T> {
  const session = request.anonymous ? null : sessionStore.get();
  try {
    return await exchangeOnceWithToken(request, session?.accessToken, read);
  } catch (error) {
    if (!session || !(error instanceof ApiError) || error.status !== 401) throw error;
    const renewed = await renewSessionWithSharedLock(session.accessToken);
    if (renewed?.user.id !== session.user.id) throw error;
    return await exchangeOnceWithToken(request, renewed.accessToken, read);
  }
}

/** A file may take as long as it comes: what is bounded is its silence. */
async function readFileWhileItComes(response: Response, bound: RequestBound): Promise<Blob> {
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

/** Saves an answer as a file of the person's. */
export async function downloadFileFromServer(request: ApiRequest, name: string): Promise<void> {
  const blob = await exchangeWithRenewedToken({ ...request, headers: { Accept: '*/*', ...request.headers } }, readFileWhileItComes);
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}

/** One REST exchange. */
export function sendApiRequest<T>(request: ApiRequest): Promise<T> {
  return exchangeWithRenewedToken(request, async (response) => (response.status === 204 ? undefined : await response.json()) as T);
}

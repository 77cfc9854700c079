import { ApiError, createNetworkErrorForRequest } from './apiError';
import { addBasePathTo } from './basePath';
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

async function fetchOnceWithToken(request: ApiRequest, token: string | undefined): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...request.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (request.body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(buildUrlWithQuery(request.path, request.query), {
      method: request.method ?? 'GET',
      headers,
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      signal: request.signal,
      keepalive: request.keepalive,
    });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw createNetworkErrorForRequest();
  }
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

/** One exchange: adds the token, renews it once when the server says it is no longer good. */
async function exchangeWithRenewedToken(request: ApiRequest): Promise<Response> {
  const token = request.anonymous ? undefined : sessionStore.get()?.accessToken;
  let response = await fetchOnceWithToken(request, token);
  if (response.status === 401 && token) {
    const renewed = await renewSessionWithSharedLock(token);
    if (renewed) response = await fetchOnceWithToken(request, renewed.accessToken);
  }
  if (!response.ok) throw await readErrorFromResponse(response);
  return response;
}

/** Saves an answer as a file of the person's. */
export async function downloadFileFromServer(request: ApiRequest, name: string): Promise<void> {
  const response = await exchangeWithRenewedToken({ ...request, headers: { Accept: '*/*', ...request.headers } });
  const address = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}

/** One REST exchange. */
export async function sendApiRequest<T>(request: ApiRequest): Promise<T> {
  const response = await exchangeWithRenewedToken(request);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

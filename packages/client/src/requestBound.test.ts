import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PATIENCE_MS, REQUEST_BOUND_MS, startBoundOfRequest } from './requestBound';
import { createTransportToServer, readJsonOfAnswer } from './transport';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Answers never, until it is aborted. */
const hang = (signal?: AbortSignal | null) =>
  new Promise<never>((_, fail) => signal?.addEventListener('abort', () => fail(new DOMException('aborted', 'AbortError'))));

it('should end a request without an answer, and one whose answer stops half way', async () => {
  const bodies = [
    (init: RequestInit) => hang(init.signal),
    async (init: RequestInit) => ({ ok: true, status: 200, json: () => hang(init.signal) }) as unknown as Response,
  ];
  for (const answer of bodies) {
    vi.stubGlobal('fetch', vi.fn((_: string, init: RequestInit) => answer(init)));
    const transport = createTransportToServer('');
    const failed = transport.exchange({ method: 'GET', path: '/api/x' }, undefined, readJsonOfAnswer).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(PATIENCE_MS - 1);
    expect(transport.slow.get()).toBe(0);
    await vi.advanceTimersByTimeAsync(REQUEST_BOUND_MS - PATIENCE_MS);
    expect(transport.slow.get()).toBe(1);
    expect(await Promise.race([failed, Promise.resolve('waiting')])).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1);
    expect(await failed).toMatchObject({ code: 'TIMEOUT', status: 0 });
    expect(transport.slow.get()).toBe(0);
    expect(fetch).toHaveBeenCalledTimes(1);
  }
});

it('should begin anew with everything that is heard', async () => {
  const bound = startBoundOfRequest();
  for (let at = 0; at < 5; at += 1) {
    await vi.advanceTimersByTimeAsync(REQUEST_BOUND_MS - 1);
    bound.extend();
  }
  expect(bound.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(REQUEST_BOUND_MS);
  expect(bound.hasPassed()).toBe(true);
  bound.end();
});

it('should tell the bound from a caller who thinks better of it', async () => {
  const caller = new AbortController();
  const bound = startBoundOfRequest(caller.signal);
  caller.abort();
  expect(bound.signal.aborted).toBe(true);
  expect(bound.hasPassed()).toBe(false);
  bound.end();
});

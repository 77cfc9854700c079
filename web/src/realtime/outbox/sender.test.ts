import type { TokenGrant } from '@owlpost/client/rest';
import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { harry, percy } from '../../lib/testData';
import { saveSessionFromTokenAnswer, sessionStore } from '../../lib/session';
import { linkStore } from '../linkStore';
import { sendOrKeepWrite } from './send';
import { OutboxSender } from './sender';
import { openOutboxOfPerson } from './store';

const signIn = (user: typeof harry) =>
  saveSessionFromTokenAnswer({ user, accessToken: `of-${user.id}`, refreshToken: 'r', expiresIn: 900 } as unknown as TokenGrant);

describe('the sender of what waits', () => {
  const client = new QueryClient();
  let sender: OutboxSender;
  const sent: string[] = [];
  const answer = vi.fn<(body: string) => Response | Promise<Response>>();

  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
    sent.length = 0;
    answer.mockImplementation(() => Response.json({ id: 'c1', content: 'x' }, { status: 201 }));
    vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
      const headers = init.headers as Record<string, string>;
      sent.push(`${headers.Authorization} ${headers['Idempotency-Key']} ${String(init.body)}`);
      return await answer(String(init.body));
    });
    signIn(harry);
    linkStore.set({ status: 'offline' });
    sender = new OutboxSender(client, harry.id);
    sender.start();
  });
  afterEach(() => {
    sender.stop();
    sessionStore.set(null);
    linkStore.reset();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const say = (content: string) => sendOrKeepWrite(client, { kind: 'comment', incidentId: 'i1', content }, `key-${content}`);
  const lines = (...contents: string[]) => contents.map((content) => `Bearer of-u-harry key-${content} {"content":"${content}"}`);

  it('should send in order once there is a link, and nothing before', async () => {
    expect(await say('a')).toBeNull();
    expect(await say('b')).toBeNull();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toEqual([]);
    linkStore.set({ status: 'live' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toEqual(lines('a', 'b'));
    expect(openOutboxOfPerson(harry.id).list()).toEqual([]);
  });

  it('should try seldom without a link, for where only plain requests get through', async () => {
    await say('a');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(sent).toEqual(lines('a'));
  });

  it('should repeat what got no answer with the same key, before what came later', async () => {
    linkStore.set({ status: 'live' });
    answer.mockRejectedValueOnce(new TypeError('cut'));
    expect(await say('a')).toBeNull();
    expect(await say('b')).toBeNull();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toEqual(lines('a', 'a', 'b'));
  });

  it('should keep what is refused, and go on with what is behind it', async () => {
    await say('a');
    await say('b');
    answer.mockResolvedValueOnce(Response.json({ error: { code: 'FORBIDDEN', message: 'No' } }, { status: 403 }));
    linkStore.set({ status: 'live' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent.slice(0, 1)).toEqual(lines('a'));
    expect(sent.at(-1)).toBe(lines('b')[0]);
    expect(openOutboxOfPerson(harry.id).list().map(({ refusal }) => refusal?.message)).toEqual(['No']);
  });

  it('should send nothing as somebody else', async () => {
    await say('a');
    signIn(percy);
    linkStore.set({ status: 'live' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toEqual([]);
  });

  it('should ask first when what may have arrived is older than its key', async () => {
    await say('a');
    const outbox = openOutboxOfPerson(harry.id);
    outbox.change(outbox.list()[0]?.id ?? '', { triedAt: Date.now() - 21 * 3_600_000 });
    linkStore.set({ status: 'live' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent.filter((line) => line.includes('content'))).toEqual([]);
    expect(outbox.list()[0]?.refusal?.message).toMatch(/look whether it arrived/);
  });

  it('should take for done what is gone already', async () => {
    await sendOrKeepWrite(client, { kind: 'delete-comment', incidentId: 'i1', commentId: 'c1' }, 'k');
    await sendOrKeepWrite(client, { kind: 'read-notification', notificationId: 'n1' }, 'k');
    answer.mockImplementation(() => Response.json({ error: { code: 'NOT_FOUND', message: 'Gone' } }, { status: 404 }));
    linkStore.set({ status: 'live' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(2);
    expect(openOutboxOfPerson(harry.id).list()).toEqual([]);
  });

  it('should keep a deed once, however often it is done, and every word', async () => {
    const take = (incidentId: string) => sendOrKeepWrite(client, { kind: 'take', incidentId, version: 1 }, `${incidentId}-${Math.random()}`);
    for (const id of ['i1', 'i2', 'i1']) expect(await take(id)).toBeNull();
    for (const key of ['k1', 'k2']) expect(await sendOrKeepWrite(client, { kind: 'comment', incidentId: 'i1', content: 'Help' }, key)).toBeNull();
    const kept = openOutboxOfPerson(harry.id).list().map(({ write }) => `${write.kind} ${'incidentId' in write ? write.incidentId : ''}`);
    expect(kept).toEqual(['take i1', 'take i2', 'comment i1', 'comment i1']);
  });

  it('should hold what another tab is sending, and take it over when that is gone', async () => {
    linkStore.set({ status: 'live' });
    const outbox = openOutboxOfPerson(harry.id);
    const write = { kind: 'comment', incidentId: 'i1', content: 'a' } as const;
    outbox.add({ id: '1', key: 'key-a', write, title: '', at: 1, triedAt: Date.now(), heldUntil: Date.now() + 20_000 });
    await vi.advanceTimersByTimeAsync(19_000);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toEqual(lines('a'));
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSourceOfAskedTokens, createSourceOfFixedToken } from './credentials';
import { CALL_TIMEOUT_MS, RealtimeClient } from './realtime';
import { createSourceOfSession, readSessionFromGrant, type Session } from './session';
import { createStoreWithListeners } from './store';
import { FakeSocket } from './testing/fakeSocket';
import { harry, percy } from './testing/people';
import { createTransportToServer } from './transport';

const opened = vi.hoisted(() => ({ socket: null as FakeSocket | null }));
vi.mock('socket.io-client', () => ({ io: (_url: string, { auth }: Pick<FakeSocket, 'auth'>) => Object.assign(opened.socket!, { auth }) }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function openClientForTest(credentials: ConstructorParameters<typeof RealtimeClient>[0]['credentials'] = createSourceOfFixedToken('owl_1')) {
  const socket = new FakeSocket();
  opened.socket = socket;
  const client = new RealtimeClient({ url: 'http://x.example', credentials });
  const heard: string[] = [];
  client.onEvent(({ payload }, { replayed }) => heard.push(payload.eventId + (replayed ? ' replayed' : '')));
  client.onRefetch((reason) => heard.push(reason));
  client.connect();
  const open = (lastEventId = '0') => socket.open({ lastEventId });
  const send = (...ids: string[]) => ids.forEach((eventId) => socket.receive('incident:created', { eventId, incident: { id: eventId } }));
  return { socket, client, heard, open, send };
}

const signIn = (user = harry) => readSessionFromGrant({ user, accessToken: `of-${user.id}`, refreshToken: 'r', expiresIn: 10 });

describe('events', () => {
  it('should come once and in order over a cut, and say which are replayed', () => {
    const { socket, client, heard, send, open } = openClientForTest();
    expect(open('10')).toEqual({ token: 'owl_1', room: ['incidents'] });
    send('11', '12', '12');
    socket.lose('transport close');
    expect(client.link.get()).toMatchObject({ status: 'reconnecting' });
    expect(open('14')).toMatchObject({ lastEventId: '12' });
    expect(client.link.get().status).toBe('catching-up');
    send('12', '13', '14');
    socket.receive('events:resumed', { from: '12', to: '14', count: 2, complete: true });
    send('15');
    expect(heard).toEqual(['connected', '11', '12', '13 replayed', '14 replayed', '15']);
    expect(client.link.get()).toMatchObject({ status: 'live', caughtUp: 2, catchUps: 1 });
  });

  it('should say that a gap must be fetched, and go on behind it', () => {
    const { socket, heard, open } = openClientForTest();
    open('10');
    socket.lose('transport close');
    open('99');
    socket.receive('events:resumed', { from: '10', to: '99', count: 0, complete: false });
    socket.lose('transport close');
    expect(open('99')).toMatchObject({ lastEventId: '99' });
    expect(heard).toEqual(['connected', 'gap']);
  });

  it('should take a replay that never ends for a gap', () => {
    const { socket, client, heard, open } = openClientForTest();
    open('10');
    socket.lose('transport close');
    open('11');
    vi.advanceTimersByTime(CALL_TIMEOUT_MS);
    expect(heard).toEqual(['connected', 'gap']);
    expect(client.link.get().status).toBe('live');
  });

  it('should reach every listener, though one throws', () => {
    vi.stubGlobal('queueMicrotask', vi.fn());
    const { client, heard, send, open } = openClientForTest();
    client.on('incident:created', () => {
      throw new Error('mine');
    });
    open();
    send('1');
    expect(heard).toEqual(['connected', '1']);
    expect(queueMicrotask).toHaveBeenCalledTimes(1);
  });

  it('should not go on where somebody else was', () => {
    const store = createStoreWithListeners<Session | null>(signIn());
    const { socket, open } = openClientForTest(createSourceOfSession({ transport: createTransportToServer(''), store }));
    open('10');
    socket.lose('transport close');
    store.set(signIn(percy));
    expect(open('10')).not.toHaveProperty('lastEventId');
  });
});

describe('the viewed incident', () => {
  const joinsOf = (socket: FakeSocket) => socket.emitted.map(([name, payload]) => `${name} ${(payload as { room: string }).room}`);

  it('should be entered again after every reconnection, and left with the last who wants it', async () => {
    const { socket, client, open } = openClientForTest();
    const onJoined = vi.fn();
    const early = client.view('1', onJoined);
    expect(open()).toMatchObject({ room: ['incidents', 'incident:1'] });
    expect(await early.joined).toMatchObject({ users: [] });
    const late = client.view('1');
    await late.joined;
    late.leave();
    socket.lose('transport close');
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(onJoined).toHaveBeenCalledTimes(2);
    early.leave();
    expect(joinsOf(socket)).toEqual(['room:join incident:1', 'room:join incident:1', 'room:join incident:1', 'room:leave incident:1']);
  });

  it('should be the last of those still wanted, and say that what was not viewed was not heard', async () => {
    const { socket, client, heard, open } = openClientForTest();
    open();
    const [outer, inner] = [client.view('1'), client.view('2')];
    await inner.joined;
    socket.lose('transport close');
    expect(open()).toMatchObject({ room: ['incidents', 'incident:2'] });
    expect(heard).toEqual(['connected']);
    inner.leave();
    await outer.joined;
    expect(heard).toEqual(['connected', 'gap']);
    outer.leave();
    expect(joinsOf(socket).slice(-2)).toEqual(['room:join incident:1', 'room:leave incident:1']);
  });

  it('should be given up when it is refused, and tried again when it cannot be had at the moment', async () => {
    const { socket, client, open } = openClientForTest();
    open();
    socket.answer = () => ({ ok: false, error: { code: 'RATE_LIMITED', message: 'Slower' } });
    const { joined } = client.view('1');
    await vi.advanceTimersByTimeAsync(0);
    socket.answer = () => ({ ok: true, users: [harry] });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await joined).toMatchObject({ users: [harry] });
    socket.answer = (_, payload) =>
      (payload as { room: string }).room === 'incident:1' ? { ok: true, users: [] } : { ok: false, error: { code: 'NOT_FOUND', message: 'No' } };
    await expect(client.view('2').joined).rejects.toMatchObject({ code: 'NOT_FOUND' });
    socket.lose('transport close');
    expect(open()).toMatchObject({ room: ['incidents', 'incident:1'] });
  });
});

describe('calls', () => {
  it('should fail at once without a connection, in time without an answer, and with the code of a refusal', async () => {
    const { socket, client, open } = openClientForTest();
    const call = () => client.call('incident:acknowledge', { incidentId: '1' });
    await expect(call()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(client.tell('typing:start', { incidentId: '1' })).toBe(false);
    open();
    socket.answer = () => null;
    await expect(call()).rejects.toMatchObject({ code: 'TIMEOUT' });
    socket.answer = () => ({ ok: false, error: { code: 'CONFLICT', message: 'Taken', details: { acknowledgedBy: percy } } });
    await expect(call()).rejects.toMatchObject({ code: 'CONFLICT', details: { acknowledgedBy: percy } });
    socket.answer = () => ({ ok: true, incident: { id: '1' } });
    expect(await call()).toMatchObject({ incident: { id: '1' } });
  });
});

describe('tokens', () => {
  const grant = { user: harry, accessToken: 'new', refreshToken: 'r2', expiresIn: 900 };
  const openSignedInClient = () => {
    const store = createStoreWithListeners<Session | null>(signIn());
    return { store, ...openClientForTest(createSourceOfSession({ transport: createTransportToServer(''), store })) };
  };

  it('should be renewed before they expire, and shown to the server over the living connection', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Response.json(grant)));
    const { socket, open } = openSignedInClient();
    expect(open()).toMatchObject({ token: 'of-u-harry' });
    await vi.advanceTimersByTimeAsync(8_000);
    await vi.waitFor(() => expect(socket.emitted).toContainEqual(['authenticate', { token: 'new' }]));
  });

  it('should be renewed when the server refuses one that expired while away', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Response.json(grant)));
    const { socket, open } = openSignedInClient();
    open();
    socket.lose('transport close');
    const connect = vi.spyOn(socket, 'connect');
    socket.active = false;
    socket.receive('connect_error', Object.assign(new Error('Token expired'), { data: { code: 'TOKEN_EXPIRED' } }));
    await vi.waitFor(() => expect(connect).toHaveBeenCalledTimes(1));
    expect(open()).toMatchObject({ token: 'new' });
  });

  it('should be asked for again when who tells them fails', async () => {
    const answers = [() => Promise.reject(new Error('away')), () => 'theirs'];
    const { socket, open } = openClientForTest(createSourceOfAskedTokens(() => answers.shift()!()));
    const connect = vi.spyOn(socket, 'connect');
    socket.active = false;
    socket.auth(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    socket.receive('connect_error', Object.assign(new Error('Authentication token required'), { data: { code: 'UNAUTHENTICATED' } }));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(connect).toHaveBeenCalledTimes(1);
    expect(open()).toMatchObject({ token: 'theirs' });
  });

  it('should be given up when there is no other, so that nothing is tried for ever', async () => {
    const { socket, client } = openClientForTest();
    const connect = vi.spyOn(socket, 'connect');
    socket.active = false;
    socket.receive('connect_error', Object.assign(new Error('Authentication failed'), { data: { code: 'UNAUTHENTICATED' } }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(client.link.get().status).toBe('refused');
    expect(connect).not.toHaveBeenCalled();
  });
});

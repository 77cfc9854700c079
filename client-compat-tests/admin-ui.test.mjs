// The namespace of Socket.IO's Admin UI, as its page uses it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { io } from 'socket.io-client';
import { createIncidentAsUser, requestApiAsUser } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { RedisTestServer, isRedisServerInstalled } from './helpers/redis.mjs';
import { joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { OwlPostServer } from './helpers/server.mjs';
import { closeEveryOpenSocketClient, connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { TEST_PASSWORD, changeRoleOfUser, createUserWithRole } from './helpers/users.mjs';
import { waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const pages = [];

/** A page of the UI: what it was told, in order. */
function openConsole(server, auth, transports = ['polling', 'websocket']) {
  const socket = io(`${server.url}/admin`, { forceNew: true, reconnection: false, withCredentials: true, transports, auth });
  const page = { socket, told: [] };
  const record = (name) => (...args) => page.told.push({ name, args });
  socket.onAny((name, ...args) => page.told.push({ name, args }));
  socket.on('connect', record('$connect'));
  socket.on('disconnect', record('$disconnect'));
  socket.on('connect_error', (error) => page.told.push({ name: '$connect_error', args: [error.message] }));
  page.next = async (name, match = () => true) => {
    const found = () => page.told.find((told) => told.name === name && match(...told.args));
    await waitUntilConditionHolds(`${name} is told; so far ${JSON.stringify(page.told).slice(0, 600)}`, found);
    return found().args;
  };
  pages.push(page);
  return page;
}

async function stopAndRemoveServer(server) {
  await server.stopProcessAndCheckExit();
  await server.removeDatabaseAndItsFiles();
}

const credentialsOf = (user) => ({ username: user.email, password: TEST_PASSWORD });

describe('The Admin UI in production', () => {
  const server = new OwlPostServer({ env: { ADMIN_UI: 'true' } });
  let auror;

  before(async () => {
    await server.createDatabaseAndStartProcess();
    auror = await createUserWithRole(server, 'AUROR');
  });
  after(async () => {
    pages.splice(0).forEach(({ socket }) => socket.close());
    closeEveryOpenSocketClient();
    await stopAndRemoveServer(server);
  });

  test('should let an Auror in, tell the state of the node and no socket', async () => {
    const student = await connectSocketAsUser(server, await createUserWithRole(server));
    const page = openConsole(server, credentialsOf(auror));
    const [session] = await page.next('session');
    assert.equal(typeof session, 'string');
    const [{ supportedFeatures }] = await page.next('config');
    assert.deepEqual(supportedFeatures, ['AGGREGATED_EVENTS', 'DISCONNECT', 'MDISCONNECT']);
    const [stats] = await page.next('server_stats', (told) => told.aggregatedEvents.some(({ type }) => type === 'bytesOut'));
    assert.ok(stats.serverId && stats.hostname && stats.pid === server.child.pid && stats.uptime > 0, JSON.stringify(stats));
    assert.equal(stats.clientsCount, 2);
    assert.deepEqual(stats.namespaces, [{ name: '/', socketsCount: 1 }, { name: '/admin', socketsCount: 1 }]);
    assert.ok(stats.aggregatedEvents.every(({ timestamp, count }) => timestamp % 1000 === 0 && count > 0));
    assert.ok(!page.told.some(({ name }) => /socket_|all_sockets|event_|room_/.test(name)));
    // By its session alone, as the page does after a reload.
    const again = openConsole(server, { sessionId: session }, ['websocket']);
    await again.next('config');
    assert.ok(!again.told.some(({ name }) => name === 'session'));
    again.socket.close();
    // Which is good for nothing else.
    assert.equal((await requestApiAsUser(server, { token: session }, 'GET', '/api/incidents')).status, 401);
    assert.equal(student.isConnected, true);
  });

  test('should refuse everybody else with the words that open the form again', async () => {
    const prefect = await createUserWithRole(server, 'PREFECT');
    for (const auth of [
      {},
      { username: auror.email, password: 'wrong' },
      { username: 'nobody@hogwarts.edu', password: TEST_PASSWORD },
      credentialsOf(prefect),
      { sessionId: 'unknown' },
      { sessionId: auror.token },
      { token: auror.token },
      { username: 1, password: {} },
    ]) {
      const page = openConsole(server, auth);
      assert.deepEqual(await page.next('$connect_error'), ['invalid credentials'], JSON.stringify(auth));
      page.socket.close();
    }
  });

  test('should offer nothing that gets around who may hear what', async () => {
    const socket = await connectSocketAsUser(server, await createUserWithRole(server));
    const page = openConsole(server, credentialsOf(auror));
    await page.next('config');
    page.socket.emit('join', '/', `role:AUROR`, socket.id);
    page.socket.emit('emit', '/', undefined, 'notification:new', { forged: true });
    page.socket.emit('leave', '/', 'feed', socket.id);
    page.socket.emit('_disconnect', '/', true);
    page.socket.emit('_disconnect', '/admin', true, page.socket.id);
    page.socket.emit('_disconnect', { not: 'a namespace' });
    const told = page.told.length;
    await page.next('server_stats', () => page.told.length > told);
    assert.ok(socket.isConnected && page.socket.connected);
    assert.ok(!socket.records.some(({ payload }) => payload?.forged));
  });

  test('should disconnect a socket, and those in a room', async () => {
    const reporter = await createUserWithRole(server);
    const incident = await createIncidentAsUser(server, reporter, { title: 'A room to be emptied' });
    const room = roomNameOfIncident(incident);
    const clients = [];
    for (const name of ['Fred Weasley', 'George Weasley', 'Ron Weasley']) {
      clients.push(await connectSocketAsUser(server, await createUserWithRole(server, 'STUDENT', name)));
    }
    await joinRoomWithSuccessfulAck(clients[0], room);
    await joinRoomWithSuccessfulAck(clients[1], room);
    const page = openConsole(server, credentialsOf(auror));
    await page.next('config');
    page.socket.emit('_disconnect', '/', false, clients[2].id);
    await waitUntilConditionHolds('the third is disconnected', () => !clients[2].isConnected);
    assert.ok(clients[0].isConnected && clients[1].isConnected);
    page.socket.emit('_disconnect', '/', true, room);
    await waitUntilConditionHolds('both are disconnected', () => !clients[0].isConnected && !clients[1].isConnected);
    assert.match(server.log, /deed="disconnect"/);
  });

  test('should send an operator away who is no Auror any more, and one who logs out', async () => {
    const former = await createUserWithRole(server, 'AUROR', 'Gilderoy Lockhart');
    const page = openConsole(server, credentialsOf(former));
    const [session] = await page.next('session');
    await page.next('server_stats');
    await changeRoleOfUser(server, former, 'STUDENT');
    await page.next('$disconnect');
    const again = openConsole(server, { sessionId: session });
    await again.next('$connect_error', (message) => message === 'invalid credentials');
  });
});

test('The Admin UI is not there unless it is wanted', async () => {
  const server = new OwlPostServer();
  await server.createDatabaseAndStartProcess();
  try {
    const auror = await createUserWithRole(server, 'AUROR');
    const page = openConsole(server, credentialsOf(auror));
    await page.next('$connect_error', (message) => message === 'Invalid namespace');
    assert.equal((await fetch(`${server.url}/admin/ui/`)).status, 404);
  } finally {
    pages.splice(0).forEach(({ socket }) => socket.close());
    await stopAndRemoveServer(server);
  }
});

describe('The Admin UI in development, on two nodes', { skip: !ADMIN_DATABASE_URL || !isRedisServerInstalled() }, () => {
  const redis = new RedisTestServer();
  let one, two, auror;

  before(async () => {
    await redis.startRedisAndAwaitReady();
    one = new OwlPostServer({ env: { ADMIN_UI: 'true', ADMIN_UI_MODE: 'development', REDIS_URL: redis.url } });
    await one.createDatabaseAndStartProcess();
    two = new OwlPostServer({ env: one.options.env });
    await two.startAsAnotherNodeOf(one);
    auror = await createUserWithRole(one, 'AUROR');
    for (const node of [one, two]) {
      const isConnected = async () => (await requestApiAsUser(node, null, 'GET', '/health/ready')).body.checks.bus === 'ok';
      await waitUntilConditionHolds('the bus is connected', isConnected);
    }
  });
  after(async () => {
    pages.splice(0).forEach(({ socket }) => socket.close());
    closeEveryOpenSocketClient();
    for (const node of [two, one]) await stopAndRemoveServer(node);
    await redis.stopRedisAndAwaitExit();
  });

  test('should show sockets, rooms and events of every node, without tokens', async () => {
    const user = await createUserWithRole(one, 'STUDENT', 'Ginny Weasley');
    const early = await connectSocketAsUser(one, user, { tokenBy: 'query', mode: 'polling' });
    const page = openConsole(one, credentialsOf(auror));
    const [{ supportedFeatures }] = await page.next('config');
    assert.ok(supportedFeatures.includes('ALL_EVENTS') && !supportedFeatures.includes('EMIT'));
    const [sockets] = await page.next('all_sockets', (all) => all.some(({ id }) => id === early.id));
    const shown = sockets.find(({ id }) => id === early.id);
    assert.equal(shown.transport, 'polling');
    assert.equal(shown.data.name, 'Ginny Weasley');
    assert.ok(shown.rooms.includes(early.id) && shown.rooms.includes('everyone'), JSON.stringify(shown.rooms));
    assert.equal(shown.handshake.query.token, '[redacted]');
    const nodes = new Set();
    await page.next('server_stats', ({ serverId }) => nodes.add(serverId).size === 2);

    const far = await connectSocketAsUser(two, await createUserWithRole(one, 'STUDENT', 'Luna Lovegood'));
    await page.next('socket_connected', ({ id }) => id === far.id);
    const incident = await createIncidentAsUser(one, user, { title: 'Watched by operators' });
    const room = roomNameOfIncident(incident);
    await joinRoomWithSuccessfulAck(far, room);
    await page.next('event_received', (nsp, id, [name, payload]) => id === far.id && name === 'room:join' && payload.room === room);
    await page.next('room_joined', (nsp, joined, id) => nsp === '/' && joined === room && id === far.id);
    await page.next('event_sent', (nsp, id, [name]) => id === early.id && name === 'incident:created');
    await far.emitEventWithAck('authenticate', { token: 'a secret of hers' });
    await page.next('event_received', (nsp, id, [name, payload]) => name === 'authenticate' && payload.token === '[redacted]');
    const farId = far.id;
    page.socket.emit('_disconnect', '/', true, farId);
    await waitUntilConditionHolds('it is disconnected at its node', () => !far.isConnected);
    await page.next('socket_disconnected', (nsp, id) => id === farId);
    const everything = JSON.stringify(page.told.filter(({ name }) => name !== 'session'));
    for (const secret of [user.token, 'a secret of hers', TEST_PASSWORD]) assert.ok(!everything.includes(secret));
  });
});

// What clients see of a server that stops, starts again, or crashes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createIncidentAsUser, fetchOnlinePresenceAsUser } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { fenceClientsWithNewIncident } from './helpers/rooms.mjs';
import { OwlPostServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser, openSocketTestClient } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { allowedTimeInMs, waitForEvent, waitForRecordedEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const PRESENCE_TIMEOUT_MS = 3000;
const server = useServerForTestFile({ env: { PRESENCE_TIMEOUT: String(PRESENCE_TIMEOUT_MS) } });

const RELEASES_AND_MODES = ['2.5', '3.1', '4.0', '4.5', 'current', 'msgpack'].flatMap((release) =>
  ['polling', 'websocket', 'upgrade'].map((mode) => ({ release, mode })),
);

describe('A server that restarts', () => {
  test('should_tell_every_client_and_have_them_back_by_themselves', async () => {
    const [user] = await createUsersWithRoles(server, 'STUDENT');
    const clients = await Promise.all(RELEASES_AND_MODES.map((options) => connectSocketAsUser(server, user, options)));
    const since = clients.map((client) => client.position);
    const stoppedAt = performance.now();
    const [stopped] = await Promise.all([
      server.stopProcessAndCheckExit().then(() => performance.now() - stoppedAt),
      ...clients.map(async (client, n) => {
        const told = await waitForRecordedEvent(client, '$disconnect', { since: since[n], deadlineMs: 30_000 });
        // A client that is disconnected by the server's own packet never comes back by itself.
        assert.notEqual(told.payload, 'io server disconnect', JSON.stringify(RELEASES_AND_MODES[n]));
        assert.ok(told.at - stoppedAt < 5000, `told after ${told.at - stoppedAt} ms, ${JSON.stringify(RELEASES_AND_MODES[n])}`);
      }),
    ]);
    assert.ok(stopped < 30_000, `stopped after ${stopped} ms`);
    await server.startProcessAndAwaitListening(server.port);
    await Promise.all(clients.map((client, n) => waitForEvent(client, 'connection:acknowledged', { since: since[n], deadlineMs: 30_000 })));
    await fenceClientsWithNewIncident(server, ...clients);
    const { total } = await fetchOnlinePresenceAsUser(server, user);
    assert.equal(total, 1);
  });

  test('should_finish_requests_that_are_under_way', async () => {
    const [user] = await createUsersWithRoles(server, 'STUDENT');
    const before = await connectSocketAsUser(server, user);
    const { lastEventId } = before.acknowledged;
    before.close();
    const requests = Array.from({ length: 20 }, (_, n) => createIncidentAsUser(server, user, { title: `Under way ${n}` }));
    const settled = Promise.allSettled(requests);
    await Promise.any(requests);
    await server.stopProcessAndCheckExit();
    const created = (await settled).filter(({ status }) => status === 'fulfilled').map(({ value }) => value.id);
    await server.startProcessAndAwaitListening(server.port);
    const client = await connectSocketAsUser(server, user, { auth: { lastEventId } });
    await waitForEvent(client, 'events:resumed');
    const replayed = new Set(client.payloadsOf('incident:created').map((e) => e.incident.id));
    assert.deepEqual(created.filter((id) => !replayed.has(id)), [], 'what was answered with 201 is there');
  });

  test('should_resume_after_a_crash_and_forget_the_dead_sessions', async () => {
    const [user, ghost] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    let client;
    const auth = (answer) => answer({ token: user.token, lastEventId: client?.durableEvents().at(-1)?.payload.eventId });
    client = await connectSocketAsUser(server, user, { client: { auth } });
    const dead = await connectSocketAsUser(server, ghost, { client: { reconnection: false } });
    await fenceClientsWithNewIncident(server, client, dead);
    const since = client.position;
    await server.killProcessWithoutAnyWarning();
    await waitForEvent(client, '$disconnect', { since });
    await server.startProcessAndAwaitListening(server.port);
    const restartedAt = performance.now();
    const missed = await createIncidentAsUser(server, ghost, { title: 'First after the crash' });
    await waitForEvent(client, 'events:resumed', { since, match: (e) => e.complete === true });
    await waitForEvent(client, 'incident:created', { since, match: (e) => e.incident.id === missed.id });
    const onlyTheLiving = async () => (await fetchOnlinePresenceAsUser(server, user)).users.every(({ id }) => id !== ghost.id);
    const deadlineMs = restartedAt + allowedTimeInMs(PRESENCE_TIMEOUT_MS + 1000) - performance.now();
    await waitUntilConditionHolds('the dead session is gone', onlyTheLiving, { deadlineMs });
  });
});

describe('A server whose database is away', { skip: ADMIN_DATABASE_URL ? false : 'needs a Postgres server that can be cut off: set OWLPOST_TEST_DATABASE_URL' }, () => {
  test('should_let_clients_in_by_themselves_once_it_is_back', async () => {
    const users = await createUsersWithRoles(server, ...RELEASES_AND_MODES.map(() => 'STUDENT'));
    const url = new URL(server.database.url);
    const line = await openNetworkLineToServer({ host: url.hostname, port: Number(url.port || 5432) });
    url.host = `127.0.0.1:${line.port}`;
    const node = new OwlPostServer({ env: server.options.env });
    try {
      await node.startAsAnotherNodeOf(server, url.href);
      const there = await connectSocketAsUser(node, server.auror);
      line.cut();
      const clients = users.map((user, n) => openSocketTestClient(node, user.token, RELEASES_AND_MODES[n]));
      const away = async () => (await fetch(`${node.url}/health/ready`)).status === 503;
      await waitUntilConditionHolds('the node says that it is not ready', away);
      // Their tokens cannot be checked: nobody is let in, and nobody may take that for their token being bad.
      const refusals = async () => Number(/^owlpost_handshakes_refused_total\{code="UNAVAILABLE"\} (\d+)$/m.exec(await (await fetch(`${node.url}/metrics`)).text())?.[1]);
      await waitUntilConditionHolds('each was sent away', async () => (await refusals()) >= clients.length, { deadlineMs: 30_000 });
      line.mend();
      await Promise.all(clients.map(async (client, n) => {
        const acknowledged = waitForEvent(client, 'connection:acknowledged', { deadlineMs: 30_000 });
        await acknowledged.catch((error) => assert.fail(`${JSON.stringify(RELEASES_AND_MODES[n])} ${error.message}`));
      }));
      await fenceClientsWithNewIncident(node, there, ...clients);
      assert.equal(there.payloadsOf('$disconnect').length, 0, 'who was there stayed');
    } finally {
      await node.killProcessWithoutAnyWarning();
      await node.removeDatabaseAndItsFiles();
      line.close();
    }
  });
});

describe('A client that wishes for a shorter heartbeat', () => {
  test('should_be_pinged_as_often_as_it_wishes_and_no_more_than_every_five_seconds', async () => {
    for (const [wish, pingInterval] of [['', 25_000], ['&heartbeat=7000', 7000], ['&heartbeat=1', 5000], ['&heartbeat=99000', 25_000]]) {
      const answer = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling${wish}`);
      assert.equal(JSON.parse((await answer.text()).slice(1)).pingInterval, pingInterval, wish);
    }
    const [user] = await createUsersWithRoles(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user, { mode: 'websocket', query: { heartbeat: '5000' } });
    const pinged = await new Promise((found) => client.engine.once('ping', () => found(true)));
    assert.ok(pinged, 'long before the 25 s of others');
  });
});

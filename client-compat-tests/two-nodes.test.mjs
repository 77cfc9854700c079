// Two servers on one database, with Redis between them: a client cannot tell which of them it is connected to.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  createCommentAsUser,
  createIncidentAsUser,
  fetchEventLogAsUser,
  fetchIncidentPresenceAsUser,
  fetchOnlinePresenceAsUser,
  requestApiAsUser,
} from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { RedisTestServer, isRedisServerInstalled } from './helpers/redis.mjs';
import { assertEventWasNotReceived, fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { OwlPostServer } from './helpers/server.mjs';
import { closeEveryOpenSocketClient, connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { changeRoleOfUser, createUsersWithRoles, pickPublicUserFields } from './helpers/users.mjs';
import { allowedTimeInMs, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const PRESENCE_TIMEOUT_MS = 3000;
const SWEPT = { deadlineMs: allowedTimeInMs(PRESENCE_TIMEOUT_MS + 1000) };

function findReasonToSkipNodes() {
  if (!ADMIN_DATABASE_URL) return 'two nodes need a Postgres server: set OWLPOST_TEST_DATABASE_URL';
  return isRedisServerInstalled() ? false : 'two nodes need a redis-server on the PATH';
}

const redis = new RedisTestServer();
const nodes = [];
let one, two;

async function startAnotherNodeOfCluster(databaseUrl) {
  const node = new OwlPostServer({ env: one.options.env });
  nodes.push(node);
  await node.startAsAnotherNodeOf(one, databaseUrl);
  return node;
}

const isAboutUser = (user, room) => (e) => e.userId === user.id && e.room === room;
const isListedAsOnline = async (node, user) =>
  (await fetchOnlinePresenceAsUser(node, one.auror)).users.some(({ id }) => id === user.id);
// Not by the status: a node without its bus is ready, and says that it is degraded.
const isBusConnected = async (node) => (await requestApiAsUser(node, null, 'GET', '/health/ready')).body.checks.bus === 'ok';

describe('Two nodes', { skip: findReasonToSkipNodes() }, () => {
  let ada, bob, atOne, atTwo, incident, room;

  before(async () => {
    await redis.startRedisAndAwaitReady();
    one = new OwlPostServer({ env: { REDIS_URL: redis.url, PRESENCE_TIMEOUT: String(PRESENCE_TIMEOUT_MS) } });
    nodes.push(one);
    await one.createDatabaseAndStartProcess();
    two = await startAnotherNodeOfCluster();
  });

  const connectOnePersonToEachNode = async () => {
    for (const node of [one, two]) await waitUntilConditionHolds('the bus is connected', () => isBusConnected(node));
    [ada, bob] = await createUsersWithRoles(one, 'STUDENT', 'PREFECT');
    [atOne, atTwo] = [await connectSocketAsUser(one, ada), await connectSocketAsUser(two, bob)];
    incident = await createIncidentAsUser(one, ada);
    room = roomNameOfIncident(incident);
  };

  afterEach((context) => {
    closeEveryOpenSocketClient();
    if (context.passed) return;
    nodes.forEach((node, n) => process.stderr.write(`\n${context.name} failed; the log of node ${n + 1} ends:\n${node.tailOfServerLog()}\n`));
  });

  after(async () => {
    try {
      for (const node of nodes.toReversed()) {
        if (node.child?.exitCode === null && node.child.signalCode === null) await node.stopProcessAndCheckExit();
      }
    } finally {
      for (const node of nodes.toReversed()) await node.removeDatabaseAndItsFiles();
      await redis.stopRedisAndAwaitExit();
    }
  });

  test('should_deliver_events_of_either_node_to_both_in_log_order', async () => {
    await connectOnePersonToEachNode();
    const start = atOne.acknowledged.lastEventId;
    const writeOnNode = async (node) => {
      for (let n = 0; n < 50; n += 1) await createIncidentAsUser(node, ada, { title: `Number ${n}` });
    };
    await Promise.all([one, two, one, two].map(writeOnNode));
    await fenceClientsWithNewIncident(two, atOne, atTwo);
    const log = (await fetchEventLogAsUser(two, ada, start)).map(({ eventId }) => eventId);
    assert.deepEqual(atOne.durableEvents().map(({ payload }) => payload.eventId), log);
    // Bob is also told that he was made a Prefect a moment ago; that is not in Ada's log.
    const heardByBob = atTwo.durableEvents().filter(({ name }) => name !== 'user:updated').map(({ payload }) => payload.eventId);
    assert.deepEqual(heardByBob, log.slice(log.indexOf(heardByBob[0])));
  });

  test('should_show_rooms_typing_and_counts_across_nodes', async () => {
    await connectOnePersonToEachNode();
    await waitForEvent(atOne, 'presence:join', { match: isAboutUser(bob) });
    await waitForEvent(atOne, 'presence:counts', { match: (e) => e.byRole.STUDENT === 1 && e.byRole.PREFECT === 1 });
    await joinRoomWithSuccessfulAck(atOne, room);
    await waitUntilConditionHolds('node two knows', async () => (await fetchIncidentPresenceAsUser(two, ada, incident.id)).count === 1);
    const ack = await joinRoomWithSuccessfulAck(atTwo, room);
    assert.deepEqual(ack.users.map(({ id }) => id).sort(), [ada.id, bob.id].sort());
    assert.deepEqual(await waitForEvent(atOne, 'presence:join', { match: isAboutUser(bob, room) }), { userId: bob.id, user: pickPublicUserFields(bob), room });
    atTwo.emit('typing:start', { incidentId: incident.id });
    await waitForEvent(atOne, 'presence:typing', { match: (e) => e.userId === bob.id && e.isTyping });
    // Written on the other node than the one they type on.
    const comment = await createCommentAsUser(one, bob, incident.id, `Over here, @${ada.handle}`);
    await waitForEvent(atOne, 'presence:typing', { match: (e) => e.userId === bob.id && !e.isTyping });
    for (const client of [atOne, atTwo]) await waitForEvent(client, 'comment:created', { match: (e) => e.comment.id === comment.id });
    await waitForEvent(atOne, 'notification:new', { match: (e) => e.link.includes(comment.id) });
    // The counts and the leaves come in either order: each waits for a pause of its own.
    const since = atOne.position;
    atTwo.disconnect();
    await waitForEvent(atOne, 'presence:leave', { since, match: isAboutUser(bob, room) });
    await waitForEvent(atOne, 'presence:leave', { since, match: isAboutUser(bob) });
    await waitForEvent(atOne, 'presence:counts', { since, match: (e) => e.byRole.PREFECT === 0 });
  });

  test('should_announce_one_join_and_one_leave_for_tabs_on_both_nodes', async () => {
    await connectOnePersonToEachNode();
    const [user] = await createUsersWithRoles(one, 'STUDENT');
    const tabs = [await connectSocketAsUser(one, user), await connectSocketAsUser(two, user)];
    for (const client of [atOne, atTwo]) await waitForEvent(client, 'presence:join', { match: isAboutUser(user) });
    tabs[0].disconnect();
    await waitUntilConditionHolds('the first tab is gone', async () => {
      const { rows } = await one.executeQueryWithParameters('SELECT COUNT(*) FROM presence_sessions WHERE user_id = $1', [user.id]);
      return rows[0].count === '1';
    });
    await fenceClientsWithNewIncident(one, atOne, atTwo);
    for (const client of [atOne, atTwo]) assertEventWasNotReceived(client, 'presence:leave', { match: isAboutUser(user) });
    tabs[1].disconnect();
    for (const client of [atOne, atTwo]) {
      await waitForEvent(client, 'presence:leave', { match: isAboutUser(user) });
      assert.equal(client.payloadsOf('presence:join').filter(isAboutUser(user)).length, 1);
    }
  });

  test('should_apply_a_role_change_to_sockets_of_the_other_node', async () => {
    await connectOnePersonToEachNode();
    await changeRoleOfUser(one, bob, 'AUROR');
    const isCalled = async () => {
      const { id } = await createIncidentAsUser(one, ada, { severity: 'CRITICAL' });
      await fenceClientsWithNewIncident(one, atTwo);
      return atTwo.payloadsOf('escalation:critical').some((e) => e.incidentId === id);
    };
    await waitUntilConditionHolds('the new Auror is called', isCalled, { deadlineMs: allowedTimeInMs(1000) });
  });

  test('should_resume_on_the_other_node', async () => {
    await connectOnePersonToEachNode();
    await fenceClientsWithNewIncident(two, atOne);
    const lastEventId = atOne.durableEvents().at(-1).payload.eventId;
    atOne.disconnect();
    const missed = [];
    for (let n = 0; n < 20; n += 1) missed.push((await createIncidentAsUser([one, two][n % 2], bob)).id);
    const back = await connectSocketAsUser(two, ada, { auth: { lastEventId } });
    const { complete, count } = await waitForEvent(back, 'events:resumed');
    assert.deepEqual([complete, count], [true, 20]);
    assert.deepEqual(back.payloadsOf('incident:created').slice(0, 20).map((e) => e.incident.id), missed);
  });

  test('should_lose_no_event_while_redis_is_away_and_use_it_again', async () => {
    await connectOnePersonToEachNode();
    for (const client of [atOne, atTwo]) await joinRoomWithSuccessfulAck(client, room);
    await redis.stopRedisAndAwaitExit();
    const written = [];
    for (let n = 0; n < 20; n += 1) written.push((await createIncidentAsUser(one, ada)).id);
    await waitForEvent(atTwo, 'incident:created', { match: (e) => e.incident.id === written.at(-1) });
    const received = atTwo.payloadsOf('incident:created').map((e) => e.incident.id);
    assert.deepEqual(received.slice(received.indexOf(written[0])), written);
    const [late] = await createUsersWithRoles(one, 'STUDENT');
    await connectSocketAsUser(one, late);
    await waitForEvent(atTwo, 'presence:join', { match: isAboutUser(late), ...SWEPT });
    for (const client of [atOne, atTwo]) assert.equal(client.payloadsOf('$disconnect').length, 0);
    await redis.startRedisAndAwaitReady();
    const showTyping = async () => {
      atOne.emit('typing:stop', { incidentId: incident.id });
      atOne.emit('typing:start', { incidentId: incident.id });
      return atTwo.payloadsOf('presence:typing').some((e) => e.userId === ada.id && e.isTyping);
    };
    await waitUntilConditionHolds('typing is seen on the other node again', showTyping, { everyMs: 100 });
    await fenceClientsWithNewIncident(one, atOne, atTwo);
    assert.equal(atTwo.payloadsOf('presence:join').filter(isAboutUser(late)).length, 1, 'told once, by whichever way was first');
  });

  test('should_have_people_back_whose_node_was_cut_off_from_the_database', async () => {
    await connectOnePersonToEachNode();
    const { hostname: host, port } = new URL(one.database.url);
    const line = await openNetworkLineToServer({ host, port: Number(port || 5432) });
    try {
      const url = new URL(one.database.url);
      url.host = `127.0.0.1:${line.port}`;
      const third = await startAnotherNodeOfCluster(url.href);
      const [user] = await createUsersWithRoles(one, 'STUDENT');
      const client = await connectSocketAsUser(third, user, { auth: { room } });
      await waitForEvent(atOne, 'presence:join', { match: isAboutUser(user) });
      const since = atOne.position;
      line.cut();
      await waitForEvent(atOne, 'presence:leave', { since, match: isAboutUser(user), ...SWEPT });
      line.mend();
      await waitForEvent(atOne, 'presence:join', { since, match: isAboutUser(user) });
      for (const node of [one, two, third]) {
        const isViewing = async () => (await fetchIncidentPresenceAsUser(node, ada, incident.id)).users.some(({ id }) => id === user.id);
        await waitUntilConditionHolds('they are back in their room', isViewing);
      }
      assert.equal(client.payloadsOf('$disconnect').length, 0);
      await fenceClientsWithNewIncident(one, client);
    } finally {
      line.close();
      await nodes.at(-1).killProcessWithoutAnyWarning();
    }
  });

  test('should_sweep_a_killed_node_within_the_presence_timeout', async () => {
    await connectOnePersonToEachNode();
    for (const client of [atOne, atTwo]) await joinRoomWithSuccessfulAck(client, room);
    atTwo.socket.io.reconnection(false);
    atTwo.emit('typing:start', { incidentId: incident.id });
    await waitForEvent(atOne, 'presence:typing', { match: (e) => e.isTyping });
    const committed = Promise.allSettled(Array.from({ length: 20 }, () => createIncidentAsUser(two, bob)));
    await createIncidentAsUser(two, bob);
    const since = atOne.position;
    await two.killProcessWithoutAnyWarning();
    const left = [isAboutUser(bob, room), isAboutUser(bob)].map((match) => waitForEvent(atOne, 'presence:leave', { since, match, ...SWEPT }));
    await Promise.all(left);
    await waitForEvent(atOne, 'presence:typing', { since, match: (e) => e.userId === bob.id && !e.isTyping });
    assert.equal(await isListedAsOnline(one, bob), false);
    const { rows } = await one.executeQueryWithParameters('SELECT COUNT(*) FROM presence_sessions WHERE user_id = $1', [bob.id]);
    assert.equal(rows[0].count, '0');
    await committed;
    await fenceClientsWithNewIncident(one, atOne);
    const log = await fetchEventLogAsUser(one, ada, atOne.acknowledged.lastEventId);
    assert.deepEqual(atOne.payloadsOf('incident:created').map((e) => e.eventId), log.filter(({ event }) => event === 'incident:created').map(({ eventId }) => eventId));
  });
});

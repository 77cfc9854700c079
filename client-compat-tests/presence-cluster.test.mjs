// Presence when messages are lost, late or impossible: what nodes show is what the database says, soon.
import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { createIncidentAsUser, fetchOnlinePresenceAsUser, requestApiAsUser } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { RedisTestServer, isRedisServerInstalled } from './helpers/redis.mjs';
import { joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { OwlPostServer } from './helpers/server.mjs';
import { closeEveryOpenSocketClient, connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { allowedTimeInMs, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const PRESENCE_TIMEOUT_MS = 3000;
/** A reading comes with each look at the lease, which is every sixth of the time; twice that, and a second. */
const READING = { deadlineMs: allowedTimeInMs(PRESENCE_TIMEOUT_MS / 3 + 1000) };
const DEAFNESS_MS = 4000;

const nodes = [];
const lines = [];

async function startNodesOfCluster(...environments) {
  const [first, ...others] = environments.map((env) => new OwlPostServer({ env: { PRESENCE_TIMEOUT: String(PRESENCE_TIMEOUT_MS), ...env } }));
  nodes.push(first, ...others);
  await first.createDatabaseAndStartProcess();
  for (const other of others) await other.startAsAnotherNodeOf(first);
  return [first, ...others];
}

async function stopEveryNodeOfCluster() {
  for (const node of nodes.splice(0).reverse()) {
    await node.killProcessWithoutAnyWarning();
    await node.removeDatabaseAndItsFiles();
  }
}

const listPeopleOnline = async (node, reader) => (await fetchOnlinePresenceAsUser(node, reader)).users.map(({ id }) => id);
const waitUntilListed = (node, reader, user, isListed, options) =>
  waitUntilConditionHolds(`${user.id} is ${isListed ? '' : 'not '}listed`, async () => (await listPeopleOnline(node, reader)).includes(user.id) === isListed, options);
const isBusOk = async (node) => (await requestApiAsUser(node, null, 'GET', '/health/ready')).body.checks.bus === 'ok';

async function openLineToRedis(redis) {
  const line = await openNetworkLineToServer({ port: redis.port });
  lines.push(line);
  return { line, url: `redis://127.0.0.1:${line.port}` };
}

describe('Presence by the database', { skip: ADMIN_DATABASE_URL ? false : 'needs OWLPOST_TEST_DATABASE_URL' }, () => {
  afterEach(async () => {
    closeEveryOpenSocketClient();
    for (const line of lines.splice(0)) line.close();
    await stopEveryNodeOfCluster();
  });

  test('should_agree_between_two_nodes_without_a_bus', async () => {
    const [one, two] = await startNodesOfCluster({}, {});
    const [ada, bob] = await createUsersWithRoles(one, 'STUDENT', 'STUDENT');
    const atOne = await connectSocketAsUser(one, ada);
    await connectSocketAsUser(two, bob);
    await waitUntilListed(one, ada, bob, true, READING);
    await waitUntilListed(two, bob, ada, true, READING);
    atOne.disconnect();
    await waitUntilListed(two, bob, ada, false, READING);
  });

  test('should_forget_a_deleted_user_at_once', async () => {
    const [one] = await startNodesOfCluster({});
    const [ada, bob] = await createUsersWithRoles(one, 'STUDENT', 'STUDENT');
    const watcher = await connectSocketAsUser(one, bob);
    await connectSocketAsUser(one, ada);
    await waitForEvent(watcher, 'presence:join', { match: (e) => e.userId === ada.id });
    await one.executeQueryWithParameters('DELETE FROM users WHERE id = $1', [ada.id]);
    await waitForEvent(watcher, 'presence:leave', { match: (e) => e.userId === ada.id });
    await waitUntilListed(one, bob, ada, false);
  });

  test('should_forget_who_left_while_the_table_was_empty_and_write_the_others_again', async () => {
    const [one] = await startNodesOfCluster({});
    const [ada, bob] = await createUsersWithRoles(one, 'STUDENT', 'STUDENT');
    await connectSocketAsUser(one, bob);
    const leaving = await connectSocketAsUser(one, ada);
    // As a crash of Postgres does with unlogged tables.
    await one.executeQueryWithParameters('DELETE FROM presence_sessions', []);
    leaving.disconnect();
    await waitUntilListed(one, bob, ada, false, READING);
    const isWrittenAgain = async () =>
      (await one.executeQueryWithParameters('SELECT user_id FROM presence_sessions', [])).rows.some((row) => row.user_id === bob.id);
    await waitUntilConditionHolds('the live socket is written again', isWrittenAgain, READING);
    assert.deepEqual(await listPeopleOnline(one, bob), [bob.id]);
  });
});

const NEEDS_REDIS = 'needs OWLPOST_TEST_DATABASE_URL and a redis-server on the PATH';
describe('Presence over a bad bus', { skip: ADMIN_DATABASE_URL && isRedisServerInstalled() ? false : NEEDS_REDIS }, () => {
  const redis = new RedisTestServer();

  afterEach(async () => {
    closeEveryOpenSocketClient();
    for (const line of lines.splice(0)) line.close();
    await stopEveryNodeOfCluster();
    await redis.stopRedisAndAwaitExit();
  });
  after(() => redis.stopRedisAndAwaitExit());

  test('should_never_show_people_offline_who_move_to_a_node_whose_bus_is_faster', async () => {
    await redis.startRedisAndAwaitReady();
    const { line, url } = await openLineToRedis(redis);
    const [slow, fast] = await startNodesOfCluster({ REDIS_URL: url, PRESENCE_TIMEOUT: '60000' }, { REDIS_URL: redis.url, PRESENCE_TIMEOUT: '60000' });
    for (const node of [slow, fast]) await waitUntilConditionHolds('the bus is connected', () => isBusOk(node));
    const [ada, bob] = await createUsersWithRoles(slow, 'STUDENT', 'STUDENT');
    const watcher = await connectSocketAsUser(fast, bob);
    line.delayByMs(60);
    for (let move = 0; move < 20; move += 1) {
      const before = await connectSocketAsUser(slow, ada);
      await waitUntilListed(fast, bob, ada, true);
      before.disconnect();
      const since = watcher.position;
      const there = await connectSocketAsUser(fast, ada);
      // What is said over the slow line after all of that has arrived when this has.
      const marker = (await createUsersWithRoles(slow, 'STUDENT'))[0];
      const markerClient = await connectSocketAsUser(slow, marker);
      await waitForEvent(watcher, 'presence:join', { since, match: (e) => e.userId === marker.id });
      assert.ok((await listPeopleOnline(fast, bob)).includes(ada.id), `move ${move}: shown offline where the live socket is`);
      there.disconnect();
      markerClient.disconnect();
      await waitUntilListed(fast, bob, ada, false);
    }
  });

  test('should_hear_again_when_the_connection_to_redis_is_forgotten_without_a_word', async () => {
    await redis.startRedisAndAwaitReady();
    const { line, url } = await openLineToRedis(redis);
    const [one, two] = await startNodesOfCluster({ REDIS_URL: url }, { REDIS_URL: redis.url });
    for (const node of [one, two]) await waitUntilConditionHolds('the bus is connected', () => isBusOk(node));
    const [ada, bob] = await createUsersWithRoles(one, 'STUDENT', 'STUDENT');
    const [atOne, atTwo] = [await connectSocketAsUser(one, ada), await connectSocketAsUser(two, bob)];
    const incident = await createIncidentAsUser(one, ada);
    for (const client of [atOne, atTwo]) await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    line.swallowOpenConnections();
    const isTypingHeard = async () => {
      atTwo.emit('typing:stop', { incidentId: incident.id });
      atTwo.emit('typing:start', { incidentId: incident.id });
      return atOne.payloadsOf('presence:typing').some((e) => e.userId === bob.id && e.isTyping);
    };
    await waitUntilConditionHolds('typing is heard', isTypingHeard, { everyMs: 200, deadlineMs: allowedTimeInMs(DEAFNESS_MS + 3000) });
  });

  test('should_end_the_typing_of_somebody_whose_node_died', async () => {
    await redis.startRedisAndAwaitReady();
    const env = { REDIS_URL: redis.url, PRESENCE_TIMEOUT: '60000' };
    const [one, two] = await startNodesOfCluster(env, env);
    for (const node of [one, two]) await waitUntilConditionHolds('the bus is connected', () => isBusOk(node));
    const [ada, bob] = await createUsersWithRoles(one, 'STUDENT', 'STUDENT');
    const [atOne, atTwo] = [await connectSocketAsUser(one, ada), await connectSocketAsUser(two, bob)];
    const incident = await createIncidentAsUser(one, ada);
    for (const client of [atOne, atTwo]) await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    atTwo.socket.io.reconnection(false);
    atTwo.emit('typing:start', { incidentId: incident.id });
    await waitForEvent(atOne, 'presence:typing', { match: (e) => e.userId === bob.id && e.isTyping });
    await two.killProcessWithoutAnyWarning();
    await waitForEvent(atOne, 'presence:typing', { match: (e) => e.userId === bob.id && !e.isTyping, deadlineMs: allowedTimeInMs(5000) });
  });
});

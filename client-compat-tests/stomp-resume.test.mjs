// STOMP clients that come back: on each subscription nothing is lost, nothing comes twice, and all of it in the order of the
// log; over restarts and from node to node. And several incidents listened to while one is viewed.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchIncidentPresenceAsUser, updateIncidentAsUser } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { OwlPostServer, runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { closeEveryWireConnection, openWireAsUser, writeFrame } from './helpers/stompFrames.mjs';
import { STOMP_MODES, StompClients } from './helpers/stompTestClient.mjs';
import { changeRoleOfUser, createUsersWithRoles } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile({ env: { STOMP_HEARTBEAT: '1000' } });
const foreign = new StompClients();
let ada, bob;

beforeEach(async () => {
  [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
});
afterEach(closeEveryWireConnection);

const eventsOf = (connection, id) => connection.messages(id).map(({ headers, body }) => ({ event: headers.event, position: headers['event-id'], payload: JSON.parse(body) }));
const isResumed = ({ event }) => event === 'events.resumed';
const waitUntilResumed = (connection, id) => waitUntilConditionHolds(`${id} is resumed`, () => eventsOf(connection, id).some(isResumed));

/** That positions rise, none twice. */
function assertIsInOrder(events) {
  const positions = events.map(({ position }) => position).filter(Boolean).map(Number);
  assert.deepEqual(positions, [...new Set(positions)].sort((a, b) => a - b));
}

test('should_replay_to_each_subscription_what_is_for_its_destination', async () => {
  const [one, other] = [await createIncidentAsUser(server, bob), await createIncidentAsUser(server, bob)];
  const first = await openWireAsUser(server, ada);
  const from = first.connected.headers['last-event-id'];
  first.close();
  const missed = [];
  for (let n = 0; n < 3; n += 1) missed.push((await createIncidentAsUser(server, bob)).id);
  const comments = [await createCommentAsUser(server, bob, one.id, `For @${ada.handle}`), await createCommentAsUser(server, bob, other.id)];
  await updateIncidentAsUser(server, server.auror, one.id, { status: 'RESOLVED', resolution: 'Petrified' });
  const connection = await openWireAsUser(server, ada, { headers: { 'last-event-id': from } });
  const destinations = { feed: '/topic/incidents', one: `/topic/incident/${one.id}`, other: `/topic/incidents/${other.id}`, mine: '/user/queue/notifications', online: '/topic/presence' };
  for (const [id, destination] of Object.entries(destinations)) connection.send(writeFrame('SUBSCRIBE', { id, destination, receipt: id }));
  for (const id of ['feed', 'one', 'other', 'mine']) await waitUntilResumed(connection, id);
  await connection.waitForFrame('RECEIPT', ({ headers }) => headers['receipt-id'] === 'online');
  const names = (id) => eventsOf(connection, id).map(({ event }) => event);
  assert.deepEqual(names('feed'), ['incident.created', 'incident.created', 'incident.created', 'incident.updated', 'incident.resolved', 'events.resumed']);
  assert.deepEqual(eventsOf(connection, 'feed').slice(0, 3).map(({ payload }) => payload.incident.id), missed);
  assert.equal(eventsOf(connection, 'one')[0].payload.comment.id, comments[0].id);
  assert.deepEqual(names('one'), ['comment.created', 'incident.updated', 'incident.resolved', 'events.resumed']);
  assert.deepEqual(names('other'), ['comment.created', 'events.resumed']);
  assert.deepEqual(names('mine'), ['notification.new', 'events.resumed']);
  assert.equal(names('online').includes('events.resumed'), false, 'presence has no past');
  for (const id of ['feed', 'one', 'other', 'mine']) {
    const resumed = eventsOf(connection, id).find(isResumed).payload;
    assert.deepEqual([resumed.from, resumed.complete, resumed.count], [from, true, names(id).length - 1], id);
    assertIsInOrder(eventsOf(connection, id));
  }
  // And then what happens, once on each.
  const next = await createCommentAsUser(server, bob, other.id);
  await waitUntilConditionHolds('it is heard', () => eventsOf(connection, 'other').some(({ payload }) => payload.comment?.id === next.id));
  assert.equal(names('other').length, 3);
});

test('should_be_told_when_a_position_is_none', async () => {
  for (const position of ['x', '-1', '', '9'.repeat(19), '99999999999999999999999']) {
    const connection = await openWireAsUser(server, ada);
    connection.send(writeFrame('SUBSCRIBE', { id: 1, destination: '/topic/incidents', 'last-event-id': position, receipt: 'r' }));
    await connection.waitForFrame('RECEIPT');
    await waitUntilResumed(connection, '1');
    assert.deepEqual(eventsOf(connection, '1').map(({ event, payload }) => [event, payload.complete]), [['events.resumed', false]], position);
    const incident = await createIncidentAsUser(server, bob);
    await waitUntilConditionHolds('it hears what happens', () => eventsOf(connection, '1').some(({ payload }) => payload.incident?.id === incident.id));
  }
});

test('should_replay_no_more_than_the_limit', async () => {
  await runTestWithOwnServer({ env: { REPLAY_LIMIT: '5' } }, async (own) => {
    const [reader, writer] = await createUsersWithRoles(own, 'STUDENT', 'STUDENT');
    const first = await openWireAsUser(own, reader);
    const from = first.connected.headers['last-event-id'];
    for (let n = 0; n < 5; n += 1) await createIncidentAsUser(own, writer);
    const subscribe = async () => {
      const connection = await openWireAsUser(own, reader);
      connection.send(writeFrame('SUBSCRIBE', { id: 1, destination: '/topic/incidents', 'last-event-id': from }));
      await waitUntilResumed(connection, '1');
      return eventsOf(connection, '1').map(({ event, payload }) => [event, payload.complete]);
    };
    assert.deepEqual(await subscribe(), [...Array(5).fill(['incident.created', undefined]), ['events.resumed', true]]);
    await createIncidentAsUser(own, writer);
    const beyond = await subscribe();
    assert.deepEqual(beyond.at(-1), ['events.resumed', false]);
    assert.ok(beyond.length <= 6);
  });
});

test('should_keep_the_order_on_each_subscription_while_much_happens', async () => {
  const incident = await createIncidentAsUser(server, bob);
  const connection = await openWireAsUser(server, ada);
  const from = connection.connected.headers['last-event-id'];
  await connection.sendWithReceipt('SUBSCRIBE', { id: 'live', destination: '/topic/incidents' });
  let isWriting = true;
  const written = [];
  const writing = (async () => {
    while (isWriting) written.push((await createCommentAsUser(server, bob, incident.id)).id);
  })();
  await waitUntilConditionHolds('some are written', () => written.length > 20);
  for (let n = 0; n < 10; n += 1) {
    connection.send(writeFrame('SUBSCRIBE', { id: `past${n}`, destination: `/topic/incident/${incident.id}`, 'last-event-id': from }));
    connection.send(writeFrame('SUBSCRIBE', { id: `fed${n}`, destination: '/topic/incidents', 'last-event-id': from }));
    await waitUntilResumed(connection, `past${n}`);
  }
  isWriting = false;
  await settleBeforeGivenDeadline(writing, () => 'it is still written');
  const last = written.at(-1);
  for (let n = 0; n < 10; n += 1) {
    const events = () => eventsOf(connection, `past${n}`);
    await waitUntilConditionHolds('the last comes', () => events().some(({ payload }) => payload.comment?.id === last));
    assert.deepEqual(events().filter(({ payload }) => payload.comment).map(({ payload }) => payload.comment.id), written);
    assertIsInOrder(events());
  }
});

for (const mode of Object.keys(STOMP_MODES)) {
  test(`should_lose_nothing_when_the_line_is_cut_over_${mode}`, async (context) => {
    const line = await openNetworkLineToServer(server);
    context.after(() => line.close());
    const incident = await createIncidentAsUser(server, bob);
    const client = await connectSocketAsUser(server, ada, { foreign, mode, url: line.url, resumes: true, stomp: { heartbeatIncoming: 1000 } });
    await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    await fenceClientsWithNewIncident(server, client);
    const since = client.position;
    line.cut();
    await waitForEvent(client, '$disconnect', { since, deadlineMs: 40_000 });
    const missed = [];
    for (let n = 0; n < 5; n += 1) missed.push((await createCommentAsUser(server, bob, incident.id)).id);
    line.mend();
    await waitForEvent(client, 'comment:created', { since, match: (e) => e.comment.id === missed[4] });
    await fenceClientsWithNewIncident(server, client);
    assert.deepEqual(client.payloadsOf('comment:created', since).map(({ comment }) => comment.id), missed);
  });
}

test('should_resume_after_a_restart_of_the_server', async () => {
  const incident = await createIncidentAsUser(server, bob);
  const client = await connectSocketAsUser(server, ada, { foreign, resumes: true });
  await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
  const before = await createCommentAsUser(server, bob, incident.id);
  await waitForEvent(client, 'comment:created', { match: (e) => e.comment.id === before.id });
  const since = client.position;
  await server.stopProcessAndCheckExit();
  await waitForEvent(client, '$disconnect', { since });
  await server.startProcessAndAwaitListening(server.port);
  const meanwhile = await createCommentAsUser(server, bob, incident.id);
  await waitForEvent(client, 'comment:created', { since, match: (e) => e.comment.id === meanwhile.id, deadlineMs: 30_000 });
  await fenceClientsWithNewIncident(server, client);
  assert.deepEqual(client.payloadsOf('comment:created', since).map(({ comment }) => comment.id), [meanwhile.id]);
});

describe('Several incidents', () => {
  test('should_all_be_heard_while_the_last_is_viewed', async () => {
    const incidents = [await createIncidentAsUser(server, bob), await createIncidentAsUser(server, bob)];
    const watcher = await connectSocketAsUser(server, bob);
    const viewers = async () => Promise.all(incidents.map(async ({ id }) => (await fetchIncidentPresenceAsUser(server, bob, id)).count));
    const connection = await openWireAsUser(server, ada);
    await connection.sendWithReceipt('SUBSCRIBE', { id: 'a', destination: `/topic/incident/${incidents[0].id}` });
    assert.deepEqual(await viewers(), [1, 0]);
    await connection.sendWithReceipt('SUBSCRIBE', { id: 'b', destination: `/topic/incident/${incidents[1].id}` });
    assert.deepEqual(await viewers(), [0, 1], 'one of them is viewed');
    for (const { id } of incidents) await createCommentAsUser(server, bob, id);
    await waitUntilConditionHolds('both are heard', () => ['a', 'b'].every((id) => eventsOf(connection, id).some(({ event }) => event === 'comment.created')));
    // Typing is allowed in any of them.
    await joinRoomWithSuccessfulAck(watcher, roomNameOfIncident(incidents[0]));
    await connection.sendWithReceipt('SEND', { destination: '/app/typing.start' }, JSON.stringify({ incidentId: incidents[0].id }));
    await waitForEvent(watcher, 'presence:typing', { match: (e) => e.isTyping && e.userId === ada.id });
    await connection.sendWithReceipt('UNSUBSCRIBE', { id: 'b' });
    assert.deepEqual(await viewers(), [2, 0], 'the one before is viewed again');
    await createCommentAsUser(server, bob, incidents[1].id);
    const next = await createCommentAsUser(server, bob, incidents[0].id);
    await waitUntilConditionHolds('the other goes on', () => eventsOf(connection, 'a').some(({ payload }) => payload.comment?.id === next.id));
    assert.equal(eventsOf(connection, 'b').filter(({ event }) => event === 'comment.created').length, 1);
  });

  test('should_stay_open_until_the_last_subscription_to_it_ends', async () => {
    const { id } = await createIncidentAsUser(server, bob);
    const connection = await openWireAsUser(server, ada);
    for (const name of ['a', 'b']) await connection.sendWithReceipt('SUBSCRIBE', { id: name, destination: `/topic/incident/${id}` });
    await connection.sendWithReceipt('UNSUBSCRIBE', { id: 'a' });
    assert.equal((await fetchIncidentPresenceAsUser(server, bob, id)).count, 1);
    const comment = await createCommentAsUser(server, bob, id);
    await waitUntilConditionHolds('it is heard once', () => eventsOf(connection, 'b').some(({ payload }) => payload.comment?.id === comment.id));
    assert.equal(eventsOf(connection, 'a').some(({ payload }) => payload.comment), false);
    await connection.sendWithReceipt('UNSUBSCRIBE', { id: 'b' });
    assert.equal((await fetchIncidentPresenceAsUser(server, bob, id)).count, 0);
  });
});

describe('What a session lives through', () => {
  test('should_hear_no_escalations_once_it_is_no_auror', async () => {
    const [guard] = await createUsersWithRoles(server, 'AUROR');
    const connection = await openWireAsUser(server, guard);
    await connection.sendWithReceipt('SUBSCRIBE', { id: 'e', destination: '/topic/escalations' });
    await connection.sendWithReceipt('SUBSCRIBE', { id: 'f', destination: '/topic/incidents' });
    await connection.sendWithReceipt('SUBSCRIBE', { id: 'u', destination: '/user/queue/account' });
    await createIncidentAsUser(server, bob, { severity: 'CRITICAL' });
    await waitUntilConditionHolds('it is heard', () => eventsOf(connection, 'e').length === 1);
    await changeRoleOfUser(server, guard, 'STUDENT');
    await waitUntilConditionHolds('the change is told', () => eventsOf(connection, 'u').some(({ event }) => event === 'user.updated'));
    const { id } = await createIncidentAsUser(server, bob, { severity: 'CRITICAL' });
    await waitUntilConditionHolds('the incident is heard', () => eventsOf(connection, 'f').some(({ payload }) => payload.incident?.id === id));
    assert.equal(eventsOf(connection, 'e').length, 1);
  });

  test('should_be_warned_and_ended_when_its_token_expires', async () => {
    await runTestWithOwnServer({ env: { TOKEN_GRACE: '500' } }, async (own) => {
      const [user] = await createUsersWithRoles(own, 'STUDENT');
      const token = own.mintAccessTokenForUser(user, { expiresInSeconds: 2 });
      const connection = await openWireAsUser(own, { ...user, token });
      await connection.sendWithReceipt('SUBSCRIBE', { id: 'x', destination: '/user/queue/errors' });
      const code = await settleBeforeGivenDeadline(connection.closed, () => 'it is still open');
      assert.equal(code, 1008);
      assert.equal(JSON.parse(connection.messages('x')[0].body).code, 'TOKEN_EXPIRED');
      const last = connection.frames().at(-1);
      assert.deepEqual([last.command, JSON.parse(last.body).code], ['ERROR', 'TOKEN_EXPIRED']);
    });
  });

  test('should_be_renewed_by_authenticating_anew', async () => {
    await runTestWithOwnServer({ env: { TOKEN_GRACE: '500' } }, async (own) => {
      const [user, writer] = await createUsersWithRoles(own, 'STUDENT', 'STUDENT');
      const token = own.mintAccessTokenForUser(user, { expiresInSeconds: 2 });
      const connection = await openWireAsUser(own, { ...user, token });
      await connection.sendWithReceipt('SUBSCRIBE', { id: 'x', destination: '/user/queue/errors' });
      await connection.sendWithReceipt('SUBSCRIBE', { id: 'f', destination: '/topic/incidents' });
      await waitUntilConditionHolds('it is warned', () => connection.messages('x').length > 0);
      await connection.sendWithReceipt('SEND', { destination: '/app/authenticate' }, JSON.stringify({ token: user.token }));
      const { id } = await createIncidentAsUser(own, writer);
      await waitUntilConditionHolds('it goes on', () => eventsOf(connection, 'f').some(({ payload }) => payload.incident.id === id));
      assert.equal(connection.socket.readyState, 1);
    });
  });
});

describe('Two nodes', { skip: ADMIN_DATABASE_URL ? false : 'two nodes need a Postgres server: set OWLPOST_TEST_DATABASE_URL' }, () => {
  let other;
  before(async () => {
    other = new OwlPostServer({ env: server.options.env });
    await other.startAsAnotherNodeOf(server);
  });
  after(() => other?.stopProcessAndCheckExit());

  test('should_go_on_at_the_other_where_they_left_off', async () => {
    const incident = await createIncidentAsUser(server, bob);
    const first = await openWireAsUser(server, ada);
    await first.sendWithReceipt('SUBSCRIBE', { id: 1, destination: `/topic/incident/${incident.id}` });
    const comments = [await createCommentAsUser(other, bob, incident.id)];
    await waitUntilConditionHolds('what the other node did is heard', () => first.messages('1').length > 0);
    const position = eventsOf(first, '1').find(({ event }) => event === 'comment.created').position;
    first.close();
    comments.push(await createCommentAsUser(server, bob, incident.id), await createCommentAsUser(other, bob, incident.id));
    const second = await openWireAsUser(other, ada);
    second.send(writeFrame('SUBSCRIBE', { id: 1, destination: `/topic/incident/${incident.id}`, 'last-event-id': position }));
    // What this node has not read yet comes behind what is replayed.
    const heard = () => eventsOf(second, '1').filter(({ payload }) => payload.comment).map(({ payload }) => payload.comment.id);
    await waitUntilConditionHolds('both are heard', () => heard().length === 2);
    assert.deepEqual(heard(), comments.slice(1).map(({ id }) => id));
    assert.equal(eventsOf(second, '1').find(isResumed).payload.complete, true);
  });

  test('should_share_a_room_across_nodes_and_families', async () => {
    const incident = await createIncidentAsUser(server, bob);
    const room = roomNameOfIncident(incident);
    const [here, there] = [await connectSocketAsUser(server, ada, { foreign }), await connectSocketAsUser(other, bob)];
    await joinRoomWithSuccessfulAck(here, room);
    await joinRoomWithSuccessfulAck(there, room);
    await waitForEvent(here, 'presence:join', { match: (e) => e.room === room && e.userId === bob.id });
    const comment = await createCommentAsUser(other, bob, incident.id);
    for (const client of [here, there]) await waitForEvent(client, 'comment:created', { match: (e) => e.comment.id === comment.id });
  });
});

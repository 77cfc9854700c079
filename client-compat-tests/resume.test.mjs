// Coming back: everything committed meanwhile arrives in order, then `events:resumed`, then what is new.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchEventLogAsUser, updateIncidentAsUser } from './helpers/api.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();

function assertPositionsOnlyEverRise(client, since = 0) {
  const positions = client.durableEvents(since).map(({ payload }) => BigInt(payload.eventId));
  const ordered = positions.every((position, n) => n === 0 || position > positions[n - 1]);
  assert.ok(ordered, `the log's order, each position once: ${positions.join(', ')}`);
}

describe('Resume', () => {
  let user, other;

  beforeEach(async () => {
    [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
  });

  const connectAndLeaveAgain = async () => {
    const client = await connectSocketAsUser(server, user);
    await fenceClientsWithNewIncident(server, client);
    client.disconnect();
    return client.durableEvents().at(-1).payload.eventId;
  };

  for (const release of ['3.1', '4.0', '4.5', 'current', 'msgpack']) {
    for (const mode of ['polling', 'websocket', 'upgrade']) {
      test(`should_replay_what_was_missed_in_order_to_${release}_over_${mode}`, async () => {
        const lastEventId = await connectAndLeaveAgain();
        const missed = [];
        for (let n = 0; n < 10; n += 1) missed.push((await createIncidentAsUser(server, other, { title: `Missed ${n}` })).id);
        const client = await connectSocketAsUser(server, user, { release, mode, auth: { lastEventId } });
        const resumed = await waitForEvent(client, 'events:resumed');
        assert.deepEqual([resumed.from, resumed.complete, resumed.count], [lastEventId, true, 10]);
        await fenceClientsWithNewIncident(server, client);
        const names = client.records.map(({ name }) => name).filter((name) => !/^presence:|^\$/.test(name));
        const expected = ['connection:acknowledged', ...Array(10).fill('incident:created'), 'events:resumed', 'incident:created'];
        assert.deepEqual(names, expected);
        assert.deepEqual(client.payloadsOf('incident:created').slice(0, 10).map((e) => e.incident.id), missed);
        assert.equal(resumed.to, client.durableEvents()[9].payload.eventId);
        assertPositionsOnlyEverRise(client);
      });
    }
  }

  test('should_replay_exactly_what_the_user_is_entitled_to', async () => {
    const [mine, foreign] = [await createIncidentAsUser(server, user), await createIncidentAsUser(server, user)];
    const lastEventId = await connectAndLeaveAgain();
    const created = await createIncidentAsUser(server, other);
    const comment = await createCommentAsUser(server, other, mine.id, `For you, @${user.handle}`);
    await createCommentAsUser(server, other, foreign.id, `For me: @${server.auror.handle}`);
    await updateIncidentAsUser(server, user, mine.id, { status: 'IN_PROGRESS' });
    await updateIncidentAsUser(server, user, foreign.id, { severity: 'CRITICAL' });
    const client = await connectSocketAsUser(server, user, { auth: { lastEventId, room: roomNameOfIncident(mine) } });
    const resumed = await waitForEvent(client, 'events:resumed');
    const names = client.durableEvents().map(({ name }) => name);
    // The comment and the mention it caused are one commit: either order of the two is the log's.
    assert.deepEqual(names.toSorted(), ['comment:created', 'incident:created', 'incident:updated', 'notification:new']);
    assert.deepEqual([names[0], names[3]], ['incident:created', 'incident:updated']);
    assert.equal(client.payloadsOf('incident:created')[0].incident.id, created.id);
    assert.equal(client.payloadsOf('comment:created')[0].comment.id, comment.id);
    assert.equal(client.payloadsOf('incident:updated')[0].incidentId, mine.id);
    assert.deepEqual([resumed.count, resumed.complete], [4, true]);
    assertPositionsOnlyEverRise(client);
  });

  test('should_replay_the_feed_room_and_the_role_room', async () => {
    const auror = await createUserWithRole(server, 'AUROR');
    const first = await connectSocketAsUser(server, auror);
    const { lastEventId } = first.acknowledged;
    first.disconnect();
    const incident = await createIncidentAsUser(server, user, { severity: 'CRITICAL' });
    await updateIncidentAsUser(server, user, incident.id, { title: 'Seen in the feed' });
    const client = await connectSocketAsUser(server, auror, { auth: { lastEventId, room: 'incidents' } });
    await waitForEvent(client, 'events:resumed', { match: (e) => e.complete === true });
    const names = client.durableEvents().map(({ name }) => name).toSorted();
    assert.deepEqual(names, ['escalation:critical', 'incident:created', 'incident:updated', 'notification:new']);
  });

  test('should_say_complete_with_nothing_missed', async () => {
    const first = await connectSocketAsUser(server, user);
    const { lastEventId } = first.acknowledged;
    first.disconnect();
    const client = await connectSocketAsUser(server, user, { auth: { lastEventId } });
    const resumed = await waitForEvent(client, 'events:resumed');
    assert.deepEqual([resumed.count, resumed.complete], [0, true]);
    assert.equal(client.durableEvents().length, 0);
  });

  test('should_not_resume_when_no_position_was_given', async () => {
    const client = await connectSocketAsUser(server, user);
    await fenceClientsWithNewIncident(server, client);
    assert.equal(client.payloadsOf('events:resumed').length, 0);
  });

  for (const lastEventId of ['9007199254740991', '99999999999999999999999999', 'not-a-position', '-1']) {
    test(`should_tell_that_position_'${lastEventId}'_is_not_known`, async () => {
      const client = await connectSocketAsUser(server, user, { auth: { lastEventId } });
      const resumed = await waitForEvent(client, 'events:resumed');
      assert.equal(resumed.complete, false);
      assert.equal(resumed.count, 0);
      await fenceClientsWithNewIncident(server, client);
      assert.equal(client.durableEvents().length, 1);
    });
  }

  test('should_connect_without_a_room_that_is_not_open_to_the_client', async () => {
    const client = await connectSocketAsUser(server, user, { auth: { room: 'role:AUROR' } });
    await createIncidentAsUser(server, other, { severity: 'CRITICAL' });
    await fenceClientsWithNewIncident(server, client);
    assert.equal(client.payloadsOf('escalation:critical').length, 0);
  });

  test('should_neither_lose_nor_repeat_anything_while_others_write', async () => {
    let writing = true;
    const writers = [user, other].map(async (writer) => {
      while (writing) await createIncidentAsUser(server, writer);
    });
    const line = await openNetworkLineToServer(server);
    try {
      const client = await connectWithResumingAuth(line);
      const start = client.acknowledged.lastEventId;
      for (let cuts = 0; cuts < 5; cuts += 1) {
        const since = client.position;
        line.cut();
        await waitForEvent(client, '$disconnect', { since });
        line.mend();
        await waitForEvent(client, 'events:resumed', { since, match: (e) => e.complete });
        await waitForEvent(client, 'incident:created', { since: client.position });
      }
      writing = false;
      await Promise.all(writers);
      await fenceClientsWithNewIncident(server, client);
      const log = await fetchEventLogAsUser(server, user, start);
      assert.deepEqual(client.durableEvents().map(({ payload }) => payload.eventId), log.map(({ eventId }) => eventId));
    } finally {
      writing = false;
      line.close();
    }
  });

  // What an app does: remember the last position, and offer it at each connection.
  async function connectWithResumingAuth(line) {
    let client;
    const lastPosition = () => client?.durableEvents().at(-1)?.payload.eventId ?? client?.acknowledged?.lastEventId;
    const auth = (answer) => answer({ token: user.token, lastEventId: lastPosition() });
    client = await connectSocketAsUser(server, user, { url: line.url, client: { auth } });
    return client;
  }

  test('should_keep_rooms_and_presence_right_after_a_reconnect_with_room', async () => {
    const incident = await createIncidentAsUser(server, user);
    const watching = await connectSocketAsUser(server, other);
    await joinRoomWithSuccessfulAck(watching, roomNameOfIncident(incident));
    const line = await openNetworkLineToServer(server);
    try {
      const client = await connectSocketAsUser(server, user, { url: line.url, auth: { room: roomNameOfIncident(incident) } });
      await waitForEvent(watching, 'presence:join', { match: (e) => e.userId === user.id && e.room !== undefined });
      const since = { client: client.position, watching: watching.position };
      line.cut();
      await waitForEvent(watching, 'presence:leave', { since: since.watching, match: (e) => e.userId === user.id && e.room !== undefined });
      line.mend();
      await waitForEvent(watching, 'presence:join', { since: since.watching, match: (e) => e.userId === user.id && e.room !== undefined });
      const comment = await createCommentAsUser(server, other, incident.id);
      await waitForEvent(client, 'comment:created', { since: since.client, match: (e) => e.comment.id === comment.id });
    } finally {
      line.close();
    }
  });
});

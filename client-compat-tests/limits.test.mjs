// Bounds: each is reached, passed by one, and answered; nobody else pays for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createIncidentAsUser, fetchOnlinePresenceAsUser, requestApiAsUser } from './helpers/api.mjs';
import { assertAckFailsWithCode, fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser, openSocketTestClient } from './helpers/socketTestClient.mjs';
import { createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitForRecordedEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();
const SOCKETS_A_USER = 32;
const MESSAGE_BYTES = 64 * 1024;
const BURST = 100;

describe('Rate of events', () => {
  const connectTypistAndWatcher = async () => {
    const [user, watcher] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [client, watching] = [await connectSocketAsUser(server, user), await connectSocketAsUser(server, watcher)];
    const incident = await createIncidentAsUser(server, user);
    for (const one of [client, watching]) await joinRoomWithSuccessfulAck(one, roomNameOfIncident(incident));
    return { client, watching, incident };
  };

  test('should_answer_rate_limited_over_the_burst_and_recover', async () => {
    const { client, watching, incident } = await connectTypistAndWatcher();
    const send = () => client.emitEventWithAck('typing:start', { incidentId: incident.id });
    const acks = await Promise.all(Array.from({ length: BURST + 30 }, send));
    const refused = acks.filter(({ ok }) => !ok);
    assert.ok(acks.slice(0, 80).every(({ ok }) => ok), 'a burst of 80 beside the joins is allowed');
    assert.ok(refused.length > 0, 'a burst of 130 is not');
    for (const ack of refused) assertAckFailsWithCode(ack, 'RATE_LIMITED');
    await waitUntilConditionHolds('events are accepted again', async () => (await send()).ok, { everyMs: 200 });
    await fenceClientsWithNewIncident(server, client, watching);
    assert.equal(client.payloadsOf('$disconnect').length, 0);
  });

  test('should_count_the_events_of_a_user_over_all_sockets_also_over_new_ones', async () => {
    const [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const incident = await createIncidentAsUser(server, user);
    let sent = 0;
    let refused = 0;
    // Each socket stays within its own burst, and is left for another.
    for (let round = 0; round < 6 && refused === 0; round += 1) {
      const sockets = await Promise.all(Array.from({ length: 4 }, () => connectSocketAsUser(server, user)));
      const leaving = sockets.map((socket) => () => socket.emitEventWithAck('typing:stop', { incidentId: incident.id }));
      const acks = await Promise.all(leaving.flatMap((leave) => Array.from({ length: BURST - 20 }, leave)));
      sent += acks.length;
      refused += acks.filter(({ ok }) => !ok).length;
      for (const ack of acks.filter(({ ok }) => !ok)) assertAckFailsWithCode(ack, 'RATE_LIMITED');
      for (const socket of sockets) socket.socket.close();
    }
    assert.ok(refused > 0, `${sent} events of one user in a moment were taken`);
    const neighbour = await connectSocketAsUser(server, other);
    assert.ok((await neighbour.emitEventWithAck('typing:stop', { incidentId: incident.id })).ok);
  });

  test('should_tell_with_the_error_event_where_no_ack_was_asked', async () => {
    const { client, incident } = await connectTypistAndWatcher();
    for (let n = 0; n < BURST + 20; n += 1) client.emit('typing:start', { incidentId: incident.id });
    await waitForEvent(client, 'error', { match: (e) => e.code === 'RATE_LIMITED' });
  });

  test('should_disconnect_a_socket_that_keeps_on_and_spare_the_others', async () => {
    const { client, watching, incident } = await connectTypistAndWatcher();
    client.socket.io.reconnection(false);
    const flood = setInterval(() => {
      for (let n = 0; n < 200; n += 1) client.emit('typing:start', { incidentId: incident.id });
    }, 10);
    try {
      await waitForEvent(client, '$disconnect', { deadlineMs: 20_000 });
    } finally {
      clearInterval(flood);
    }
    await fenceClientsWithNewIncident(server, watching);
    assert.equal(watching.payloadsOf('$disconnect').length, 0);
    assert.ok(watching.payloadsOf('presence:typing').length <= 2, 'the flood did not reach the room');
  });
});

describe('Size of messages', () => {
  const padding = (bytes) => ({ room: 'incidents', padding: 'x'.repeat(bytes) });

  for (const release of ['current', 'msgpack', '2.5']) {
    for (const mode of ['websocket', 'polling']) {
      test(`should_take_almost_64_kb_from_${release}_over_${mode}`, async () => {
        const client = await connectSocketAsUser(server, await createUserWithRole(server), { release, mode });
        assert.equal((await client.emitEventWithAck('room:join', padding(MESSAGE_BYTES - 200))).ok, true);
      });

      test(`should_refuse_a_megabyte_from_${release}_over_${mode}_and_live_on`, async () => {
        const [user, watcher] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
        const [client, watching] = [await connectSocketAsUser(server, user, { release, mode }), await connectSocketAsUser(server, watcher)];
        const since = client.position;
        const accepted = client.emitEventWithAck('room:join', padding(1024 * 1024)).then((ack) => assert.equal(ack.ok, false));
        accepted.catch(() => {});
        // Too large to be read at all: the transport itself ends it, as Node's does, and the client comes back.
        const ended = waitForEvent(client, '$disconnect', { since }).then(() => true);
        if (await Promise.any([ended, accepted])) await waitForEvent(client, 'connection:acknowledged', { since });
        await fenceClientsWithNewIncident(server, client, watching);
        assert.equal(watching.payloadsOf('$disconnect').length, 0);
      });
    }

    test(`should_answer_payload_too_large_to_${release}_just_over_64_kb`, async () => {
      const client = await connectSocketAsUser(server, await createUserWithRole(server), { release });
      assertAckFailsWithCode(await client.emitEventWithAck('room:join', padding(MESSAGE_BYTES + 100)), 'PAYLOAD_TOO_LARGE');
      await fenceClientsWithNewIncident(server, client);
      assert.equal(client.payloadsOf('$disconnect').length, 0);
    });
  }
});

describe('Sockets of one user', () => {
  test('should_refuse_the_socket_over_the_limit_and_keep_the_rest', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const tabs = await Promise.all(Array.from({ length: SOCKETS_A_USER }, () => connectSocketAsUser(server, user)));
    const oneMore = openSocketTestClient(server, user.token);
    assert.equal((await waitForEvent(oneMore, 'error')).code, 'CONFLICT');
    // Told to go: a client that came back by itself would be refused again and again.
    assert.equal(await waitForEvent(oneMore, '$disconnect'), 'io server disconnect');
    await fenceClientsWithNewIncident(server, ...tabs);
    assert.equal(oneMore.payloadsOf('connection:acknowledged').length, 0);
    for (const tab of tabs) assert.equal(tab.payloadsOf('$disconnect').length, 0);
    tabs[0].disconnect();
    const anotherGetsIn = async () => {
      const client = openSocketTestClient(server, user.token);
      const { name } = await waitForRecordedEvent(client, ['connection:acknowledged', '$disconnect']);
      return name === 'connection:acknowledged';
    };
    await waitUntilConditionHolds('a place is free again', anotherGetsIn);
  });
});

/**
 * Reports incidents until `left` resolves. Forty kilobytes an event: the kernel's buffers take some megabytes before
 * the server's own queue fills.
 */
async function writeWideEventsUntilGone(user, left) {
  let gone = false;
  const noticed = left.finally(() => (gone = true));
  noticed.catch(() => {});
  const writers = Array.from({ length: 8 }, async () => {
    while (!gone) await createIncidentAsUser(server, user, { description: '🦉'.repeat(10_000) });
  });
  await Promise.all(writers);
  await noticed;
}

describe('Slow readers', () => {
  for (const release of ['current', 'msgpack']) {
    test(`should_disconnect_a_${release}_client_that_stops_reading_and_spare_the_others`, async () => {
      const [slow, healthy] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
      const watching = await connectSocketAsUser(server, healthy);
      const stuck = await connectSocketAsUser(server, slow, { release, client: { reconnection: false } });
      const { lastEventId } = stuck.acknowledged;
      stuck.engine.transport.ws._socket.pause();
      await writeWideEventsUntilGone(healthy, waitForEvent(watching, 'presence:leave', { match: (e) => e.userId === slow.id, deadlineMs: 60_000 }));
      await fenceClientsWithNewIncident(server, watching);
      assert.equal(watching.payloadsOf('$disconnect').length, 0);
      const { users } = await fetchOnlinePresenceAsUser(server, healthy);
      assert.ok(users.every(({ id }) => id !== slow.id));
      const back = await connectSocketAsUser(server, slow, { release, auth: { lastEventId } });
      const resumed = await waitForEvent(back, 'events:resumed', { deadlineMs: 30_000 });
      assert.equal(typeof resumed.complete, 'boolean');
      if (resumed.complete) assert.ok(resumed.count > 0);
    });
  }
});

describe('Polling clients that stop polling', () => {
  test('should_be_gone_once_their_queue_is_full_and_be_told_at_their_next_poll', async () => {
    const [slow, healthy] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const watching = await connectSocketAsUser(server, healthy);
    const poll = (sid, body) =>
      fetch(`${server.url}/socket.io/?EIO=4&transport=polling${sid ? `&sid=${sid}` : ''}`, body ? { method: 'POST', body } : {});
    const { sid } = JSON.parse((await (await poll()).text()).slice(1));
    await poll(sid, `40${JSON.stringify({ token: slow.token })}`);
    await waitForEvent(watching, 'presence:join', { match: (e) => e.userId === slow.id });
    await writeWideEventsUntilGone(healthy, waitForEvent(watching, 'presence:leave', { match: (e) => e.userId === slow.id, deadlineMs: 60_000 }));
    // The session is known no more: the client connects anew.
    await waitUntilConditionHolds('the session is unknown', async () => (await poll(sid)).status === 400);
    assert.equal(watching.payloadsOf('$disconnect').length, 0);
  });
});

describe('Size of requests', () => {
  test('should_take_a_large_body_only_up_to_256_kb', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const answer = await requestApiAsUser(server, user, 'POST', '/api/incidents', { title: 'Big', description: 'x'.repeat(300 * 1024) });
    assert.equal(answer.status, 413);
    assert.equal(answer.body.error.code, 'PAYLOAD_TOO_LARGE');
  });
});

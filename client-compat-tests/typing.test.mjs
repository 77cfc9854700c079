// Typing indicators beyond the seed's one case. TYPING_TIMEOUT is shortened here; presence.test.mjs holds the 3 seconds.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { createCommentAsUser, createIncidentAsUser } from './helpers/api.mjs';
import {
  assertAckFailsWithCode,
  assertEventWasNotReceived,
  fenceClientsWithNewIncident,
  joinRoomWithSuccessfulAck,
  leaveRoomWithSuccessfulAck,
  roomNameOfIncident,
} from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { repeatActionForGivenTime, waitForEvent, waitForRecordedEvent } from './helpers/waitForEvent.mjs';

const TYPING_TIMEOUT_MS = 1000;
const server = useServerForTestFile({ env: { TYPING_TIMEOUT: String(TYPING_TIMEOUT_MS) } });

describe('Typing indicators', () => {
  let typist, typing, watching, incident;

  beforeEach(async () => {
    let watcher;
    [typist, watcher] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    [typing, watching] = await Promise.all([connectSocketAsUser(server, typist), connectSocketAsUser(server, watcher)]);
    incident = await createIncidentAsUser(server, typist);
    for (const socket of [typing, watching]) await joinRoomWithSuccessfulAck(socket, roomNameOfIncident(incident));
  });

  const startTyping = async () => {
    assert.deepEqual(await typing.emitEventWithAck('typing:start', { incidentId: incident.id }), { ok: true });
    await waitForEvent(watching, 'presence:typing', { match: (e) => e.isTyping });
  };
  const waitForStop = async () => {
    const { isTyping: _false, ...stopped } = await waitForEvent(watching, 'presence:typing', {
      match: (e) => !e.isTyping && e.userId === typist.id,
    });
    assert.deepEqual(stopped, { userId: typist.id, userName: typist.name, incidentId: incident.id });
  };

  test('should_broadcast_a_stop_with_the_name_of_the_user', async () => {
    await startTyping();
    assert.deepEqual(await typing.emitEventWithAck('typing:stop', { incidentId: incident.id }), { ok: true });
    await waitForStop();
  });

  test('should_tell_a_newcomer_who_types_already', async () => {
    await startTyping();
    const newcomer = await connectSocketAsUser(server, await createUserWithRole(server, 'PREFECT'));
    await joinRoomWithSuccessfulAck(newcomer, roomNameOfIncident(incident));
    const told = await waitForEvent(newcomer, 'presence:typing', { match: (e) => e.isTyping });
    assert.deepEqual([told.userId, told.incidentId], [typist.id, incident.id]);
  });

  test('should_go_on_while_another_tab_of_the_typist_types', async () => {
    const idle = await connectSocketAsUser(server, typist);
    await joinRoomWithSuccessfulAck(idle, roomNameOfIncident(incident));
    await startTyping();
    assert.deepEqual(await idle.emitEventWithAck('typing:stop', { incidentId: incident.id }), { ok: true });
    idle.socket.close();
    await typing.emitEventWithAck('typing:start', { incidentId: incident.id });
    await fenceClientsWithNewIncident(server, watching);
    assert.equal(watching.payloadsOf('presence:typing').filter((e) => !e.isTyping).length, 0);
    await typing.emitEventWithAck('typing:stop', { incidentId: incident.id });
    await waitForStop();
  });

  test('should_not_show_typing_to_the_typist_or_outside_the_room', async () => {
    const outside = await connectSocketAsUser(server, await createUserWithRole(server, 'AUROR'));
    await joinRoomWithSuccessfulAck(outside, 'incidents');
    await startTyping();
    await typing.emitEventWithAck('typing:stop', { incidentId: incident.id });
    await waitForStop();
    await fenceClientsWithNewIncident(server, typing, outside);
    assertEventWasNotReceived(typing, 'presence:typing');
    assertEventWasNotReceived(outside, 'presence:typing');
  });

  test('should_broadcast_once_while_typing_is_kept_alive', async () => {
    const typeOneLetter = () => typing.emit('typing:start', { incidentId: incident.id });
    const lastKeyAt = await repeatActionForGivenTime(typeOneLetter, { everyMs: TYPING_TIMEOUT_MS / 5, forMs: TYPING_TIMEOUT_MS * 2 });
    const stopped = await waitForRecordedEvent(watching, 'presence:typing', { match: (e) => !e.isTyping });
    assert.ok(stopped.at > lastKeyAt, 'typing ended although it was kept alive');
    assert.deepEqual(watching.payloadsOf('presence:typing').map((e) => e.isTyping), [true, false]);
  });

  test('should_stop_by_itself_after_the_timeout', async () => {
    await startTyping();
    const shown = await waitForRecordedEvent(watching, 'presence:typing');
    await waitForStop();
    const cleared = await waitForRecordedEvent(watching, 'presence:typing', { match: (e) => !e.isTyping });
    assert.ok(cleared.at - shown.at > TYPING_TIMEOUT_MS * 0.9, `cleared after ${cleared.at - shown.at} ms`);
  });

  test('should_stop_when_the_user_posts_its_comment', async () => {
    await startTyping();
    const comment = await createCommentAsUser(server, typist, incident.id);
    const [stopped, commented] = await Promise.all([
      waitForRecordedEvent(watching, 'presence:typing', { match: (e) => !e.isTyping }),
      waitForRecordedEvent(watching, 'comment:created', { match: (e) => e.comment.id === comment.id }),
    ]);
    assert.ok(Math.abs(stopped.at - commented.at) < TYPING_TIMEOUT_MS / 2, 'typing ends with the comment, not with the timeout');
  });

  test('should_stop_when_the_user_leaves_the_room', async () => {
    await startTyping();
    await leaveRoomWithSuccessfulAck(typing, roomNameOfIncident(incident));
    await waitForStop();
  });

  test('should_stop_when_the_user_goes_to_another_incident', async () => {
    const other = await createIncidentAsUser(server, typist);
    await startTyping();
    await joinRoomWithSuccessfulAck(typing, roomNameOfIncident(other));
    await waitForStop();
  });

  test('should_stop_when_the_user_disconnects', async () => {
    await startTyping();
    typing.disconnect();
    await waitForStop();
  });

  test('should_show_several_typists_each_by_itself', async () => {
    const second = await createUserWithRole(server, 'PREFECT', 'Hermione Granger');
    const secondTyping = await connectSocketAsUser(server, second);
    await joinRoomWithSuccessfulAck(secondTyping, roomNameOfIncident(incident));
    await startTyping();
    await secondTyping.emitEventWithAck('typing:start', { incidentId: incident.id });
    await waitForEvent(watching, 'presence:typing', { match: (e) => e.userId === second.id && e.isTyping });
    await secondTyping.emitEventWithAck('typing:stop', { incidentId: incident.id });
    const stopped = await waitForEvent(watching, 'presence:typing', { match: (e) => e.userId === second.id && !e.isTyping });
    assert.equal(stopped.userName, 'Hermione Granger');
    await waitForStop();
  });

  test('should_keep_the_order_of_back_to_back_events', async () => {
    const ends = 40;
    const acks = [];
    for (let n = 0; n < ends; n += 1) {
      acks.push(typing.emitEventWithAck('typing:start', { incidentId: incident.id }));
      acks.push(typing.emitEventWithAck('typing:stop', { incidentId: incident.id }));
    }
    assert.ok((await Promise.all(acks)).every((ack) => ack.ok), 'a burst of 80 is within the limit');
    await fenceClientsWithNewIncident(server, watching);
    const seen = watching.payloadsOf('presence:typing').map((e) => e.isTyping);
    assert.deepEqual(seen, Array.from({ length: ends * 2 }, (_, n) => n % 2 === 0));
  });

  test('should_keep_the_order_of_rooms_joined_back_to_back', async () => {
    const others = [await createIncidentAsUser(server, typist), await createIncidentAsUser(server, typist)];
    const rooms = Array.from({ length: 30 }, (_, n) => roomNameOfIncident(others[n % 2]));
    const answered = [];
    await Promise.all(rooms.map(async (room, n) => {
      const ack = await typing.emitEventWithAck('room:join', { room });
      assert.equal(ack.room, room);
      answered.push(n);
    }));
    assert.deepEqual(answered, rooms.map((_, n) => n));
    const comment = await createCommentAsUser(server, typist, others[1].id);
    await createCommentAsUser(server, typist, others[0].id);
    await waitForEvent(typing, 'comment:created', { match: (e) => e.comment.id === comment.id });
    await fenceClientsWithNewIncident(server, typing);
    assert.deepEqual(typing.payloadsOf('comment:created').map((e) => e.incidentId), [others[1].id]);
  });

  test('should_refuse_typing_for_incidents_that_do_not_exist', async () => {
    assertAckFailsWithCode(await typing.emitEventWithAck('typing:start', { incidentId: randomUUID() }), 'NOT_FOUND', 'FORBIDDEN');
    assertAckFailsWithCode(await typing.emitEventWithAck('typing:start', { incidentId: '123' }), 'VALIDATION_ERROR');
    await fenceClientsWithNewIncident(server, watching);
    assertEventWasNotReceived(watching, 'presence:typing');
  });
});

// Followed until seen and taken: what a stock client hears while nobody takes a critical incident, and what it must not be told.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchNotificationsOfUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { assertAckFailsWithCode, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { fetchReceiptsOfIncident } from './helpers/receiptCases.mjs';
import { runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

let harry, percy;
const server = useServerForTestFile({ env: { ESCALATION_SEEN_TIMEOUT: '1s', ESCALATION_ACK_TIMEOUT: '3s', ESCALATION_REPEAT: '0', ESCALATION_STEPS: '2' } }, async () => {
  [harry, percy] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT');
});
const readReceipts = (incident) => fetchReceiptsOfIncident(server, harry, incident.id);

describe('Escalation', () => {
  test('should_tell_the_room_and_the_aurors_of_each_step_and_the_next_circle_by_notifications', async () => {
    const [auror, prefect, viewer] = await Promise.all([server.auror, percy, harry].map((user) => connectSocketAsUser(server, user)));
    const incident = await createIncidentAsUser(server, harry, { severity: 'CRITICAL' });
    const isIts = ({ incidentId, link }) => incidentId === incident.id || link?.includes(incident.id);
    await waitForEvent(auror, 'notification:new', { match: isIts });
    await joinRoomWithSuccessfulAck(viewer, roomNameOfIncident(incident));
    for (const step of [1, 2]) {
      const isStep = (event) => isIts(event) && event.step === step;
      const [heard] = await Promise.all([auror, viewer].map((client) => waitForEvent(client, 'escalation:step', { match: isStep, deadlineMs: 20_000 })));
      assert.equal(heard.reason, 'unseen');
      assert.equal(heard.notified >= step, true);
      assert.equal(heard.nextAt === null, step === 2, 'there are two steps');
    }
    const told = await waitForEvent(prefect, 'notification:new', { match: isIts });
    assert.equal(told.type, 'escalation');
    assert.deepEqual(prefect.payloadsOf('escalation:step'), [], 'a Prefect who does not look at it is told by notifications alone');
    const { entries } = await requestApiExpectingStatus(200, server, harry, 'GET', `/api/incidents/${incident.id}/timeline`);
    assert.deepEqual(entries.filter(({ kind }) => kind === 'escalated').map(({ escalation }) => escalation.step), [2, 1]);
  });

  test('should_end_when_somebody_takes_it', async () => {
    const auror = await connectSocketAsUser(server, server.auror);
    const [taken, other] = [await createIncidentAsUser(server, harry, { severity: 'CRITICAL' }), await createIncidentAsUser(server, harry, { severity: 'CRITICAL' })];
    assert.equal((await auror.emitEventWithAck('incident:acknowledge', { incidentId: taken.id })).ok, true);
    assert.equal((await readReceipts(taken)).nextStep, null);
    await waitForEvent(auror, 'escalation:step', { match: (event) => event.incidentId === other.id && event.step === 2, deadlineMs: 20_000 });
    assert.deepEqual(auror.payloadsOf('escalation:step').filter(({ incidentId }) => incidentId === taken.id), []);
  });
});

describe('Receipts', () => {
  const mentionHarry = async () => {
    const incident = await createIncidentAsUser(server, percy);
    await createCommentAsUser(server, percy, incident.id, `For @${harry.handle}`);
    return incident;
  };
  const reachedOf = async (incident) => {
    const { told, delivered, seen } = await readReceipts(incident);
    return [told, delivered, seen];
  };

  test('should_be_delivered_when_the_list_is_fetched_and_seen_when_it_is_read_or_viewed', async () => {
    const [read, viewed] = [await mentionHarry(), await mentionHarry()];
    assert.deepEqual(await reachedOf(read), [1, 0, 0]);
    const { notifications } = await fetchNotificationsOfUser(server, harry);
    await waitUntilConditionHolds('delivered', async () => (await reachedOf(read))[1] === 1);
    const told = notifications.find(({ link }) => link.includes(read.id));
    await requestApiExpectingStatus(200, server, harry, 'PATCH', `/api/notifications/${told.id}/read`);
    assert.deepEqual(await reachedOf(read), [1, 1, 1]);
    const client = await connectSocketAsUser(server, harry);
    await joinRoomWithSuccessfulAck(client, roomNameOfIncident(viewed));
    await waitUntilConditionHolds('seen', async () => (await reachedOf(viewed))[2] === 1);
  });

  test('should_be_told_to_the_room_at_most_twice_a_second', async () => {
    const viewer = await connectSocketAsUser(server, percy);
    const people = await createUsersWithRoles(server, ...Array(12).fill('STUDENT'));
    const incident = await createIncidentAsUser(server, percy);
    await joinRoomWithSuccessfulAck(viewer, roomNameOfIncident(incident));
    await createCommentAsUser(server, percy, incident.id, people.map(({ handle }) => `@${handle}`).join(' '));
    const begun = Date.now();
    for (const person of people) {
      await fetchNotificationsOfUser(server, person);
      await waitUntilConditionHolds('delivered', async () => (await readReceipts(incident)).people.some(({ user, deliveredAt }) => user.id === person.id && deliveredAt));
    }
    const last = await waitForEvent(viewer, 'incident:receipts', { match: ({ delivered }) => delivered === people.length });
    assert.deepEqual([last.told, last.seen, last.people.length], [12, 0, 12]);
    const most = Math.floor((Date.now() - begun) / 500) + 2;
    const told = viewer.payloadsOf('incident:receipts').length;
    assert.ok(told <= most, `${told} in ${Date.now() - begun} ms`);
  });

  test('should_keep_what_was_proved_the_moment_before_the_server_stops', async () => {
    await runTestWithOwnServer({}, async (own) => {
      const [ada, bob] = await createUsersWithRoles(own, 'STUDENT', 'STUDENT');
      const client = await connectSocketAsUser(own, ada, { mode: 'websocket', client: { reconnection: false } });
      const incident = await createIncidentAsUser(own, bob);
      await createCommentAsUser(own, bob, incident.id, `For @${ada.handle}`);
      await waitForEvent(client, 'notification:new');
      // Answers are read in order: this one comes behind the answer to the ping.
      await client.emitEventWithAck('room:join', { room: 'incidents' });
      await own.stopProcessAndCheckExit();
      await own.startProcessAndAwaitListening();
      assert.equal((await fetchReceiptsOfIncident(own, bob, incident.id)).delivered, 1);
    });
  });

  test('should_take_nobodys_word_for_somebody_else_and_no_more_than_a_hundred_at_once', async () => {
    const incident = await mentionHarry();
    const { notifications } = await fetchNotificationsOfUser(server, harry);
    const ron = await connectSocketAsUser(server, await createUserWithRole(server, 'STUDENT'));
    const ids = notifications.filter(({ link }) => link.includes(incident.id)).map(({ id }) => id);
    const nobodys = '00000000-0000-7000-8000-000000000000';
    assert.equal((await ron.emitEventWithAck('notification:seen', { notificationIds: [...ids, nobodys] })).ok, true);
    assert.equal((await ron.emitEventWithAck('notification:seen', { notificationIds: Array(100).fill(nobodys) })).ok, true);
    assertAckFailsWithCode(await ron.emitEventWithAck('notification:seen', { notificationIds: Array(101).fill(nobodys) }), 'VALIDATION_ERROR');
    const other = await mentionHarry();
    await fetchNotificationsOfUser(server, harry);
    await waitUntilConditionHolds('a later receipt is written', async () => (await reachedOf(other))[1] === 1);
    assert.equal((await reachedOf(incident))[2], 0);
  });

  test('should_wait_for_the_answer_to_a_ping_behind_the_notification', async () => {
    const client = await connectSocketAsUser(server, harry, { mode: 'websocket' });
    // A client whose answers get lost: it hears everything and proves nothing.
    const { engine } = client;
    const send = engine._sendPacket.bind(engine);
    engine._sendPacket = (type, ...rest) => (type === 'pong' ? undefined : send(type, ...rest));
    const incident = await mentionHarry();
    await waitForEvent(client, 'notification:new', { match: ({ link }) => link.includes(incident.id) });
    await client.emitEventWithAck('room:join', { room: 'incidents' });
    assert.deepEqual(await reachedOf(incident), [1, 0, 0]);
    send('pong');
    await waitUntilConditionHolds('delivered', async () => (await reachedOf(incident))[1] === 1);
  });
});

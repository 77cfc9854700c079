// Told, delivered, seen and taken, as every client proves or says it by what its protocol has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, requestApiAsUser, requestApiExpectingStatus } from './api.mjs';
import { assertAckFailsWithCode, fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './rooms.mjs';
import { connectSocketAsUser } from './socketTestClient.mjs';
import { waitForEvent, waitUntilConditionHolds } from './waitForEvent.mjs';

export const fetchReceiptsOfIncident = (server, user, incidentId) =>
  requestApiExpectingStatus(200, server, user, 'GET', `/api/incidents/${incidentId}/receipts`);

async function fetchReceiptOfPerson(server, reader, incidentId, person) {
  const { people } = await fetchReceiptsOfIncident(server, reader, incidentId);
  return people.find(({ user }) => user.id === person.id);
}

/** Whether the client proves what it has; undefined for what only its own tests know. */
function provesWhatItHas({ release, mode, foreign }) {
  if (foreign) return foreign.provesDelivery?.(mode);
  // Over a websocket of protocol 3 the client pings by itself, and answers nothing.
  return release !== '2.5' || mode === 'polling';
}

export function defineReceiptCasesForMode(server, people, options) {
  const proves = provesWhatItHas(options);
  if (proves === undefined) return;

  test(proves ? 'should_prove_what_was_delivered_by_itself' : 'should_never_be_said_to_have_what_it_cannot_prove', async () => {
    const ada = await connectSocketAsUser(server, people.ada, options);
    const incident = await createIncidentAsUser(server, people.bob);
    await createCommentAsUser(server, people.bob, incident.id, `For @${people.ada.handle}`);
    await waitForEvent(ada, 'notification:new', { match: ({ link }) => link.includes(incident.id) });
    const readReceipt = () => fetchReceiptOfPerson(server, people.bob, incident.id, people.ada);
    if (proves) {
      await waitUntilConditionHolds('a proof', async () => (await readReceipt()).deliveredAt);
    } else {
      await fenceClientsWithNewIncident(server, ada);
    }
    const { deliveredAt, seenAt, readAt } = await readReceipt();
    assert.deepEqual([deliveredAt !== null, seenAt, readAt], [proves, null, null]);
  });

  test('should_say_what_was_seen_and_take_an_incident', async () => {
    const [ada, bob] = await Promise.all([connectSocketAsUser(server, people.ada, options), connectSocketAsUser(server, people.bob, options)]);
    const incident = await createIncidentAsUser(server, people.ada, { severity: 'CRITICAL' });
    await createCommentAsUser(server, people.bob, incident.id, `For @${people.ada.handle}`);
    await joinRoomWithSuccessfulAck(bob, roomNameOfIncident(incident));
    const told = await waitForEvent(ada, 'notification:new', { match: ({ link }) => link.includes(incident.id) });
    assert.equal((await ada.emitEventWithAck('notification:seen', { notificationIds: [told.id] })).ok, true);
    const isSeen = ({ incidentId, people: reached }) => incidentId === incident.id && reached.some(({ user, seenAt }) => user.id === people.ada.id && seenAt);
    await waitForEvent(bob, 'incident:receipts', { match: isSeen });
    if (!options.foreign?.endsOnUnknownCalls) {
      assertAckFailsWithCode(await ada.emitEventWithAck('incident:acknowledge', { incidentId: incident.id }), 'FORBIDDEN');
    }
    const taken = await bob.emitEventWithAck('incident:acknowledge', { incidentId: incident.id });
    assert.deepEqual([taken.ok, taken.incident.status, taken.incident.acknowledgedBy.id], [true, 'IN_PROGRESS', people.bob.id]);
    const heard = await waitForEvent(ada, 'incident:acknowledged', { match: ({ incidentId }) => incidentId === incident.id });
    assert.deepEqual([heard.acknowledgedBy.id, heard.acknowledgedAt], [people.bob.id, taken.incident.acknowledgedAt]);
    const second = await requestApiAsUser(server, server.auror, 'POST', `/api/incidents/${incident.id}/acknowledge`);
    assert.deepEqual([second.status, second.body.error.details.acknowledgedBy.id], [409, people.bob.id]);
  });
}

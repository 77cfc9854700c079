// Joining rooms, and proving that something did not happen.
import assert from 'node:assert/strict';
import { createIncidentAsUser } from './api.mjs';
import { waitForEvent } from './waitForEvent.mjs';

/** Joins `incident:<id>` (or any other room name) and returns the acknowledgement, which must be a success. */
export async function joinRoomWithSuccessfulAck(client, room) {
  const ack = await client.emitEventWithAck('room:join', { room });
  assert.equal(ack.ok, true, `room:join ${room}: ${JSON.stringify(ack)}`);
  return ack;
}

/** Leaves a room, successfully. */
export async function leaveRoomWithSuccessfulAck(client, room) {
  const ack = await client.emitEventWithAck('room:leave', { room });
  assert.equal(ack.ok, true, `room:leave ${room}: ${JSON.stringify(ack)}`);
}

/** The name of an incident's room. */
export function roomNameOfIncident(incident) {
  return `incident:${incident.id}`;
}

/**
 * Creates an incident and waits until each client has its `incident:created`. A client's events arrive in the
 * order in which they were sent, so what has not come before this one was not sent: no test waits and hopes.
 */
export async function fenceClientsWithNewIncident(server, ...clients) {
  const incident = await createIncidentAsUser(server, server.auror, { title: 'A fence, nothing more' });
  await Promise.all(
    clients.map((client) => waitForEvent(client, 'incident:created', { match: (e) => e.incident.id === incident.id })),
  );
  return incident;
}

/** Fails if `client` received an event of that name that matches since that position; fence first. */
export function assertEventWasNotReceived(client, name, { since = 0, match = () => true } = {}) {
  const unwanted = client.payloadsOf(name, since).filter(match);
  assert.deepEqual(unwanted, [], `${name} must not have arrived`);
}

/** Fails unless the acknowledgement is a failure with one of the codes and a message. */
export function assertAckFailsWithCode(ack, ...codes) {
  assert.equal(ack?.ok, false, `expected a failure, got ${JSON.stringify(ack)}`);
  assert.ok(codes.includes(ack.error?.code), `expected ${codes.join(' or ')}, got ${JSON.stringify(ack.error)}`);
  assert.equal(typeof ack.error.message, 'string');
  assert.notEqual(ack.error.message, '');
}

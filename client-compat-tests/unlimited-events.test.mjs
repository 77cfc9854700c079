// RATE_LIMIT_EVENTS=0: no rate of events disconnects anybody, however many wait.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createIncidentAsUser } from './helpers/api.mjs';
import { assertAckFailsWithCode, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUserWithRole } from './helpers/users.mjs';

const server = useServerForTestFile({ env: { RATE_LIMIT_EVENTS: '0' } });
/** Events of one socket that may wait for their handler. */
const INBOX = 256;

describe('Without a rate of events', () => {
  test('should_answer_all_of_more_events_than_may_wait_and_keep_the_socket', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    const incident = await createIncidentAsUser(server, user);
    const room = roomNameOfIncident(incident);
    // Joining asks the database, so that what is sent at once waits behind it.
    for (let round = 0; round < 3; round += 1) {
      const joins = Array.from({ length: INBOX + 100 }, () => client.emitEventWithAck('room:join', { room }));
      for (const ack of await Promise.all(joins)) if (!ack.ok) assertAckFailsWithCode(ack, 'RATE_LIMITED');
    }
    await joinRoomWithSuccessfulAck(client, room);
    assert.equal(client.payloadsOf('$disconnect').length, 0);
  });
});

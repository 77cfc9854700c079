// Comments as the viewers of an incident see them: US-REALTIME-003 of the seed.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { assertEventWasNotReceived, fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles, pickPublicUserFields } from './helpers/users.mjs';
import { waitForEvent } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();

describe('Real-Time Comment Events', () => {
  let author, viewer, authorSocket, viewerSocket, strangerSocket, incident;

  beforeEach(async () => {
    let stranger;
    [author, viewer, stranger] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT', 'STUDENT');
    [authorSocket, viewerSocket, strangerSocket] = await Promise.all(
      [author, viewer, stranger].map((user) => connectSocketAsUser(server, user)),
    );
    incident = await createIncidentAsUser(server, author);
    for (const socket of [authorSocket, viewerSocket]) await joinRoomWithSuccessfulAck(socket, roomNameOfIncident(incident));
  });

  const deleteCommentExpectingStatus = (status, user, comment) =>
    requestApiExpectingStatus(status, server, user, 'DELETE', `/api/incidents/${incident.id}/comments/${comment.id}`);

  test('should_broadcast_comment_created_to_room_members', async () => {
    const comment = await createCommentAsUser(server, author, incident.id, 'Peeves, <b>again</b> — 🧹\nsecond line');
    const event = await waitForEvent(viewerSocket, 'comment:created');
    const { eventId, ...payload } = event;
    assert.deepEqual(payload, { comment, incidentId: incident.id, author: pickPublicUserFields(author) });
    assert.match(eventId, /^\d+$/);
    assert.equal(comment.content, 'Peeves, <b>again</b> — 🧹\nsecond line');
  });

  test('should_show_the_author_its_own_comment', async () => {
    const comment = await createCommentAsUser(server, author, incident.id);
    await waitForEvent(authorSocket, 'comment:created', { match: (e) => e.comment.id === comment.id });
  });

  test('should_keep_comments_from_everyone_outside_the_room', async () => {
    await strangerSocket.emitEventWithAck('room:join', { room: 'incidents' });
    const comment = await createCommentAsUser(server, author, incident.id);
    await deleteCommentExpectingStatus(204, author, comment);
    await waitForEvent(viewerSocket, 'comment:deleted');
    await fenceClientsWithNewIncident(server, strangerSocket);
    assertEventWasNotReceived(strangerSocket, 'comment:created');
    assertEventWasNotReceived(strangerSocket, 'comment:deleted');
  });

  test('should_broadcast_comment_deleted_to_room_members', async () => {
    const comment = await createCommentAsUser(server, author, incident.id);
    await deleteCommentExpectingStatus(204, author, comment);
    const { eventId, ...payload } = await waitForEvent(viewerSocket, 'comment:deleted');
    assert.deepEqual(payload, { commentId: comment.id, incidentId: incident.id });
    assert.match(eventId, /^\d+$/);
  });

  test('should_let_author_prefect_and_auror_delete_but_no_other', async () => {
    const [prefect, auror] = await createUsersWithRoles(server, 'PREFECT', 'AUROR');
    const refused = await createCommentAsUser(server, author, incident.id);
    await deleteCommentExpectingStatus(403, viewer, refused);
    await fenceClientsWithNewIncident(server, viewerSocket);
    assertEventWasNotReceived(viewerSocket, 'comment:deleted');
    for (const user of [prefect, auror]) {
      const comment = await createCommentAsUser(server, author, incident.id);
      await deleteCommentExpectingStatus(204, user, comment);
      await waitForEvent(viewerSocket, 'comment:deleted', { match: (e) => e.commentId === comment.id });
    }
  });

  test('should_deliver_comments_in_the_order_they_were_posted', async () => {
    const posted = [];
    for (let n = 0; n < 20; n += 1) posted.push((await createCommentAsUser(server, n % 2 ? author : viewer, incident.id, `Line ${n}`)).id);
    await fenceClientsWithNewIncident(server, viewerSocket, authorSocket);
    for (const socket of [viewerSocket, authorSocket]) {
      assert.deepEqual(socket.payloadsOf('comment:created').map((e) => e.comment.id), posted);
    }
  });

  test('should_send_nothing_for_a_refused_comment', async () => {
    const path = `/api/incidents/${incident.id}/comments`;
    for (const content of ['', 'a'.repeat(10_001), 'nul \u0000 byte', 17, null, undefined]) {
      await requestApiExpectingStatus(400, server, author, 'POST', path, { content });
    }
    await fenceClientsWithNewIncident(server, viewerSocket);
    assertEventWasNotReceived(viewerSocket, 'comment:created');
  });
});

// Two clients of STOMP that others wrote, in Python: what they make of the frames is a second opinion on the wire.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchNotificationsOfUser } from './helpers/api.mjs';
import { PythonProgram } from './helpers/pythonPrograms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { STOMP_PATH } from './helpers/stompTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();

for (const library of ['stomp.py', 'stompman']) {
  test(`should_be_understood_by_${library}`, async () => {
    const [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const incident = await createIncidentAsUser(server, bob);
    const destinations = ['/topic/incidents', '/user/queue/notifications', '/user/queue/errors', '/user/queue/replies', `/topic/incident/${incident.id}`];
    const opening = { host: '127.0.0.1', port: server.port, path: STOMP_PATH, token: ada.token, destinations };
    const program = new PythonProgram(['stomp_client.py', library], opening);
    try {
      await waitForEvent(program, '$opened');
      const comment = await createCommentAsUser(server, bob, incident.id, `Schön 🦉 "\\ : @${ada.handle}`);
      const heard = await waitForEvent(program, 'comment.created', { match: (e) => e.comment.id === comment.id });
      assert.equal(heard.comment.content, `Schön 🦉 "\\ : @${ada.handle}`);
      await waitForEvent(program, 'notification.new', { match: (e) => e.link.endsWith(comment.id) });
      program.writeLineToProgram({ destination: '/app/room.join', body: '{"room":"incidents"}' });
      assert.equal((await waitForEvent(program, 'reply')).room, 'incidents');
      program.writeLineToProgram({ destination: '/app/room.join', body: '{"room":"dungeon"}' });
      assert.equal((await waitForEvent(program, 'error')).code, 'FORBIDDEN');
      const { headers } = program.records.find(({ name }) => name === 'comment.created');
      assert.equal(headers['event-id'], heard.eventId);
      assert.match(headers['message-id'], new RegExp(`^${heard.eventId}-\\d+$`));
      if (library === 'stompman') {
        // This one acknowledges what it is sent.
        const isRead = async () => (await fetchNotificationsOfUser(server, ada)).notifications[0].isRead;
        await waitUntilConditionHolds('the notification is read', isRead);
      }
      program.writeLineToProgram({ destination: '/topic/incidents', body: '{}' });
      assert.equal(await waitForEvent(program, '$error'), 'Nothing can be sent to this destination');
    } finally {
      program.child.stdin.end();
      program.child.kill('SIGKILL');
    }
  });
}

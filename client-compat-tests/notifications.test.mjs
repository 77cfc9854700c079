// Notifications, live and stored: US-NOTIFY-001 to 003 of the seed.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { createCommentAsUser, createIncidentAsUser, fetchNotificationsOfUser, requestApiExpectingStatus, updateIncidentAsUser } from './helpers/api.mjs';
import { assertAckFailsWithCode, assertEventWasNotReceived, fenceClientsWithNewIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();

const mentionUsersInComment = async (author, content) => {
  const incident = await createIncidentAsUser(server, author);
  const comment = await createCommentAsUser(server, author, incident.id, content);
  return { incident, comment, link: `/incidents/${incident.id}#comment-${comment.id}` };
};

describe('Mentions', () => {
  let author, harry, harrySocket, authorSocket;

  beforeEach(async () => {
    author = await createUserWithRole(server, 'STUDENT');
    harry = await createUserWithRole(server, 'STUDENT', 'Harry Potter');
    [harrySocket, authorSocket] = await Promise.all([connectSocketAsUser(server, harry), connectSocketAsUser(server, author)]);
  });

  test('should_notify_a_mentioned_user_with_a_link_to_the_comment', async () => {
    const { link } = await mentionUsersInComment(author, `Ask @${harry.handle}, he knows`);
    const { eventId, ...event } = await waitForEvent(harrySocket, 'notification:new');
    assert.deepEqual(Object.keys(event).sort(), ['createdAt', 'id', 'link', 'message', 'type']);
    assert.deepEqual([event.type, event.link], ['mention', link]);
    assert.ok(event.message.includes(author.name), event.message);
    assert.ok(!Number.isNaN(Date.parse(event.createdAt)));
    assert.match(eventId, /^\d+$/);
  });

  test('should_notify_once_whatever_the_case_and_however_often', async () => {
    const handle = harry.handle;
    await mentionUsersInComment(author, `@${handle} @${handle.toUpperCase()}, @${handle}! (@${handle})`);
    await waitForEvent(harrySocket, 'notification:new');
    await fenceClientsWithNewIncident(server, harrySocket);
    assert.equal(harrySocket.payloadsOf('notification:new').length, 1);
    assert.equal((await fetchNotificationsOfUser(server, harry)).unreadCount, 1);
  });

  test('should_notify_neither_the_author_nor_strangers_nor_addresses', async () => {
    await mentionUsersInComment(author, `@${author.handle} @nobody.at.all ${harry.handle}@hogwarts.edu @${harry.handle}x`);
    await fenceClientsWithNewIncident(server, harrySocket, authorSocket);
    assertEventWasNotReceived(harrySocket, 'notification:new');
    assertEventWasNotReceived(authorSocket, 'notification:new');
  });

  test('should_reach_every_tab_of_the_user_and_nobody_else', async () => {
    const tabs = [harrySocket, await connectSocketAsUser(server, harry), await connectSocketAsUser(server, harry, { mode: 'polling' })];
    const { link } = await mentionUsersInComment(author, `@${harry.handle}`);
    const ids = await Promise.all(tabs.map(async (tab) => (await waitForEvent(tab, 'notification:new', { match: (e) => e.link === link })).id));
    assert.equal(new Set(ids).size, 1);
    await fenceClientsWithNewIncident(server, authorSocket, ...tabs);
    for (const tab of tabs) assert.equal(tab.payloadsOf('notification:new').length, 1);
    assertEventWasNotReceived(authorSocket, 'notification:new');
  });

  test('should_keep_what_arrived_while_the_user_was_offline', async () => {
    harrySocket.disconnect();
    const { link } = await mentionUsersInComment(author, `@${harry.handle} come back`);
    const { notifications, unreadCount } = await fetchNotificationsOfUser(server, harry, '?unread=true');
    assert.equal(unreadCount, 1);
    assert.equal(notifications[0].link, link);
    assert.deepEqual([notifications[0].isRead, notifications[0].readAt], [false, null]);
  });
});

describe('Assignments', () => {
  test('should_notify_the_new_assignee_with_title_and_severity', async () => {
    const [reporter, prefect, auror] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT', 'AUROR');
    const [prefectSocket, reporterSocket] = await Promise.all([connectSocketAsUser(server, prefect), connectSocketAsUser(server, reporter)]);
    const incident = await createIncidentAsUser(server, reporter, { title: 'Basilisk seen', severity: 'SERIOUS' });
    await updateIncidentAsUser(server, auror, incident.id, { assigneeId: prefect.id });
    const event = await waitForEvent(prefectSocket, 'notification:new');
    assert.equal(event.type, 'assignment');
    assert.match(event.message, /Basilisk seen/);
    assert.match(event.message, /SERIOUS/i);
    assert.ok(event.link.startsWith(`/incidents/${incident.id}`), event.link);
    await updateIncidentAsUser(server, auror, incident.id, { title: 'Basilisk gone' });
    await fenceClientsWithNewIncident(server, prefectSocket, reporterSocket);
    assert.equal(prefectSocket.payloadsOf('notification:new').length, 1);
    assertEventWasNotReceived(reporterSocket, 'notification:new');
  });

  test('should_notify_on_assignment_at_creation_and_never_oneself', async () => {
    const [prefect, auror] = await createUsersWithRoles(server, 'PREFECT', 'AUROR');
    const [prefectSocket, aurorSocket] = await Promise.all([connectSocketAsUser(server, prefect), connectSocketAsUser(server, auror)]);
    const created = await createIncidentAsUser(server, auror, { assigneeId: prefect.id });
    await waitForEvent(prefectSocket, 'notification:new', { match: (e) => e.link.includes(created.id) && e.type === 'assignment' });
    await updateIncidentAsUser(server, auror, created.id, { assigneeId: auror.id });
    await fenceClientsWithNewIncident(server, aurorSocket);
    assertEventWasNotReceived(aurorSocket, 'notification:new');
  });

  test('should_wait_for_an_assignee_who_is_offline', async () => {
    const [prefect, auror] = await createUsersWithRoles(server, 'PREFECT', 'AUROR');
    const incident = await createIncidentAsUser(server, auror, { title: 'Dementor at the lake', assigneeId: prefect.id });
    const { notifications } = await fetchNotificationsOfUser(server, prefect);
    assert.equal(notifications.length, 1);
    assert.match(notifications[0].message, /Dementor at the lake/);
    assert.ok(notifications[0].link.includes(incident.id));
  });
});

describe('Escalations', () => {
  for (const when of ['creation', 'change']) {
    test(`should_notify_every_auror_but_the_one_who_did_it_on_${when}`, async () => {
      const [first, second, prefect] = await createUsersWithRoles(server, 'AUROR', 'AUROR', 'PREFECT');
      const [acting, notified, bystander] = await Promise.all([first, second, prefect].map((user) => connectSocketAsUser(server, user)));
      const incident = await createIncidentAsUser(server, first, when === 'creation' ? { severity: 'CRITICAL' } : {});
      if (when === 'change') await updateIncidentAsUser(server, first, incident.id, { severity: 'CRITICAL' });
      const event = await waitForEvent(notified, 'notification:new', { match: (e) => e.link.includes(incident.id) });
      assert.equal(event.type, 'escalation');
      await waitForEvent(acting, 'escalation:critical', { match: (e) => e.incidentId === incident.id });
      await fenceClientsWithNewIncident(server, acting, bystander);
      assertEventWasNotReceived(acting, 'notification:new');
      assertEventWasNotReceived(bystander, 'notification:new');
      const { notifications } = await fetchNotificationsOfUser(server, server.auror);
      assert.ok(notifications.some((n) => n.type === 'escalation' && n.link.includes(incident.id)), 'the Auror who is offline has it too');
    });
  }
});

describe('Reading and dismissing', () => {
  let owner, tabs, notification;

  beforeEach(async () => {
    const [author, user] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    owner = user;
    tabs = await Promise.all([connectSocketAsUser(server, user), connectSocketAsUser(server, user)]);
    await mentionUsersInComment(author, `@${user.handle}`);
    notification = await waitForEvent(tabs[0], 'notification:new');
  });

  const storedNotification = async () => (await fetchNotificationsOfUser(server, owner)).notifications.find(({ id }) => id === notification.id);

  test('should_mark_as_read_over_the_socket_and_tell_the_other_tab', async () => {
    assert.deepEqual(await tabs[0].emitEventWithAck('notification:mark_read', { notificationId: notification.id }), { ok: true });
    const told = await waitForEvent(tabs[1], 'notification:read', { match: (e) => e.id === notification.id });
    assert.equal(told.unreadCount, 0);
    assert.match(told.eventId, /^\d+$/);
    const { isRead, readAt } = await storedNotification();
    assert.equal(isRead, true);
    assert.equal(Date.parse(readAt), Date.parse(told.readAt));
  });

  test('should_mark_as_read_over_http_and_tell_both_tabs', async () => {
    const read = await requestApiExpectingStatus(200, server, owner, 'PATCH', `/api/notifications/${notification.id}/read`);
    assert.equal(read.isRead, true);
    for (const tab of tabs) await waitForEvent(tab, 'notification:read', { match: (e) => e.id === notification.id });
  });

  test('should_mark_everything_as_read_at_once', async () => {
    assert.deepEqual(await requestApiExpectingStatus(200, server, owner, 'PATCH', '/api/notifications/read-all'), { updated: 1 });
    const told = await waitForEvent(tabs[1], 'notification:read', { match: (e) => e.all === true });
    assert.equal(told.unreadCount, 0);
    assert.equal((await fetchNotificationsOfUser(server, owner, '?unread=true')).notifications.length, 0);
  });

  test('should_persist_until_dismissed_and_tell_both_tabs', async () => {
    await requestApiExpectingStatus(204, server, owner, 'DELETE', `/api/notifications/${notification.id}`);
    for (const tab of tabs) await waitForEvent(tab, 'notification:deleted', { match: (e) => e.id === notification.id });
    assert.equal(await storedNotification(), undefined);
  });

  test('should_leave_the_notifications_of_others_alone', async () => {
    const stranger = await createUserWithRole(server, 'AUROR');
    const socket = await connectSocketAsUser(server, stranger);
    for (const notificationId of [notification.id, randomUUID()]) {
      assertAckFailsWithCode(await socket.emitEventWithAck('notification:mark_read', { notificationId }), 'NOT_FOUND');
      await requestApiExpectingStatus(404, server, stranger, 'PATCH', `/api/notifications/${notificationId}/read`);
      await requestApiExpectingStatus(404, server, stranger, 'DELETE', `/api/notifications/${notificationId}`);
    }
    await fenceClientsWithNewIncident(server, ...tabs);
    for (const tab of tabs) assertEventWasNotReceived(tab, 'notification:read');
    assert.equal((await storedNotification()).isRead, false);
  });
});

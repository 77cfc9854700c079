// Where websockets are unavailable: everything with curl alone, REST and server-sent events.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchEventLogAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { CurlEventStream, runCurlRequestToServer } from './helpers/curl.mjs';
import { joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { TEST_PASSWORD, createUserWithRole, createUsersWithRoles, pickPublicUserFields } from './helpers/users.mjs';
import { waitForEvent, waitForRecordedEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();
const curl = (user, method, path, body, ...more) => runCurlRequestToServer(server, user, method, path, body, ...more);

describe('REST with curl', () => {
  test('should_register_login_refresh_and_logout', async () => {
    const account = { email: `padma.${randomUUID()}@hogwarts.edu`, name: 'Padma Patil', password: TEST_PASSWORD };
    const registered = await curl(null, 'POST', '/api/auth/register', account);
    assert.equal(registered.status, 201);
    assert.equal(registered.body.user.role, 'STUDENT');
    assert.equal((await curl(null, 'POST', '/api/auth/register', account)).status, 409);
    const { body: session } = await curl(null, 'POST', '/api/auth/login', account);
    assert.deepEqual(Object.keys(session).sort(), ['accessToken', 'expiresIn', 'refreshToken', 'user']);
    const { body: me } = await curl({ token: session.accessToken }, 'GET', '/api/auth/me');
    assert.deepEqual(pickPublicUserFields(me.user), registered.body.user && pickPublicUserFields(registered.body.user));
    const { body: renewed, status } = await curl(null, 'POST', '/api/auth/refresh', { refreshToken: session.refreshToken });
    assert.equal(status, 200);
    const { body: next } = await curl(null, 'POST', '/api/auth/refresh', { refreshToken: renewed.refreshToken });
    // Its successor was used, so whoever brings it now is not somebody whose answer was lost.
    assert.equal((await curl(null, 'POST', '/api/auth/refresh', { refreshToken: session.refreshToken })).status, 401);
    assert.equal((await curl(null, 'POST', '/api/auth/refresh', { refreshToken: next.refreshToken })).status, 401, 'the family is revoked');
    assert.equal((await curl(null, 'POST', '/api/auth/logout', { refreshToken: renewed.refreshToken })).status, 204);
  });

  test('should_do_the_life_of_an_incident', async () => {
    const [student, prefect] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT');
    const created = await curl(student, 'POST', '/api/incidents', { title: 'Mandrake cries', severity: 'SERIOUS', location: 'Greenhouse 3' });
    assert.equal(created.status, 201);
    const path = `/api/incidents/${created.body.id}`;
    const assigned = await curl(prefect, 'PATCH', path, { assigneeId: prefect.id });
    assert.deepEqual(assigned.body.assignee, pickPublicUserFields(prefect));
    assert.equal((await curl(student, 'POST', `${path}/comments`, { content: 'Earmuffs on' })).status, 201);
    const { body: found } = await curl(student, 'GET', '/api/incidents?q=mandrake&severity=SERIOUS&limit=5');
    assert.ok(found.incidents.some(({ id }) => id === created.body.id));
    const { body: comments } = await curl(student, 'GET', `${path}/comments`);
    assert.deepEqual(comments.comments.map(({ content }) => content), ['Earmuffs on']);
    const resolved = await curl(prefect, 'DELETE', path, { resolution: 'Repotted' });
    assert.equal(resolved.body.message, 'Incident resolved');
    assert.equal((await curl(prefect, 'DELETE', path)).status, 409);
    const { body: one } = await curl(student, 'GET', path);
    assert.deepEqual([one.status, one.resolution, one.commentsCount, one.viewersCount], ['RESOLVED', 'Repotted', 1, 0]);
  });

  test('should_show_presence_and_notifications_of_the_seed', async () => {
    const [student, prefect] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT');
    const incident = await createIncidentAsUser(server, student);
    const socket = await connectSocketAsUser(server, prefect);
    await joinRoomWithSuccessfulAck(socket, roomNameOfIncident(incident));
    const online = await curl(student, 'GET', '/api/presence/online');
    assert.ok(online.body.users.some(({ id }) => id === prefect.id));
    const viewing = await curl(student, 'GET', `/api/presence/incident/${incident.id}`);
    assert.deepEqual(viewing.body, { incidentId: incident.id, count: 1, users: [pickPublicUserFields(prefect)] });
    await createCommentAsUser(server, student, incident.id, `@${prefect.handle}`);
    const { body: inbox } = await curl(prefect, 'GET', '/api/notifications');
    const path = `/api/notifications/${inbox.notifications[0].id}`;
    assert.equal((await curl(prefect, 'PATCH', `${path}/read`)).status, 200);
    assert.equal((await curl(prefect, 'DELETE', path)).status, 204);
    assert.equal((await curl(prefect, 'GET', '/api/notifications')).body.notifications.length, 0);
  });

  test('should_answer_health_without_a_token_and_nothing_else', async () => {
    for (const path of ['/health', '/health/ready', '/metrics']) assert.equal((await curl(null, 'GET', path)).status, 200, path);
    for (const path of ['/api/incidents', '/api/notifications', '/api/presence/online', '/api/users', '/api/events', '/api/auth/me']) {
      const { status, body } = await curl(null, 'GET', path);
      assert.deepEqual([status, body.error?.code], [401, 'UNAUTHENTICATED'], path);
    }
  });
});

describe('Server-sent events with curl', () => {
  let user, other;
  const openStream = (...args) => new CurlEventStream(server, ...args);

  beforeEach(async () => {
    [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
  });

  // A new stream is live once an event of the log reaches it; the first ones may be earlier than its start. What
  // tells of the connection or of people has no position, so one cannot come back to it.
  const findLastPositionOf = (stream) => stream.records.findLast(({ id }) => id !== undefined)?.id;
  const waitUntilStreamIsLive = (stream) =>
    waitUntilConditionHolds('the stream is live', async () => {
      await createIncidentAsUser(server, other, { title: 'Are you there?' });
      return findLastPositionOf(stream) !== undefined;
    });

  test('should_stream_events_live_with_their_position', async () => {
    const stream = openStream(user);
    try {
      await waitUntilStreamIsLive(stream);
      const incident = await createIncidentAsUser(server, other, { title: 'Zeile eins\nund 🦉' });
      const record = await waitForRecordedEvent(stream, 'incident:created', { match: (e) => e.incident.id === incident.id });
      assert.equal(record.payload.incident.title, incident.title);
      assert.equal(record.id, record.payload.eventId);
      await createCommentAsUser(server, other, incident.id, `@${user.handle}`);
      const notified = await waitForEvent(stream, 'notification:new');
      assert.equal(notified.type, 'mention');
    } finally {
      await stream.close();
    }
  });

  test('should_resume_after_last_event_id_without_gap_or_repeat', async () => {
    const first = openStream(user);
    await waitUntilStreamIsLive(first);
    await first.close();
    const lastEventId = findLastPositionOf(first);
    for (let n = 0; n < 5; n += 1) await createIncidentAsUser(server, other, { title: `While away ${n}` });
    const second = openStream(user, lastEventId);
    try {
      const live = await createIncidentAsUser(server, other, { title: 'Back again' });
      await waitForEvent(second, 'incident:created', { match: (e) => e.incident.id === live.id });
      const log = await fetchEventLogAsUser(server, user, lastEventId);
      const durable = second.records.filter(({ payload }) => payload.eventId !== undefined);
      assert.deepEqual(durable.map(({ id }) => id), log.map(({ eventId }) => eventId));
    } finally {
      await second.close();
    }
  });

  test('should_stream_only_what_the_user_is_entitled_to', async () => {
    const stream = openStream(user);
    try {
      await waitUntilStreamIsLive(stream);
      const incident = await createIncidentAsUser(server, other, { severity: 'CRITICAL' });
      await createCommentAsUser(server, other, incident.id, `@${server.auror.handle}`);
      const fence = await createIncidentAsUser(server, other);
      await waitForEvent(stream, 'incident:created', { match: (e) => e.incident.id === fence.id });
      const names = stream.records.map(({ name }) => name);
      assert.ok(!names.includes('notification:new') && !names.includes('escalation:critical'), names.join(', '));
    } finally {
      await stream.close();
    }
  });

  test('should_page_through_the_same_events_as_json', async () => {
    const start = await fetchCurrentLogPosition();
    const created = [];
    for (let n = 0; n < 5; n += 1) created.push((await createIncidentAsUser(server, other)).id);
    const page = await requestApiExpectingStatus(200, server, user, 'GET', `/api/events?after=${start}&limit=3`);
    assert.deepEqual(page.events.map(({ event, payload }) => [event, payload.incident.id]), created.slice(0, 3).map((id) => ['incident:created', id]));
    const rest = await requestApiExpectingStatus(200, server, user, 'GET', `/api/events?after=${page.events[2].eventId}&limit=3`);
    assert.deepEqual(rest.events.map(({ payload }) => payload.incident.id), created.slice(3));
    assert.equal(rest.complete, true);
    assert.equal(rest.lastEventId, rest.events[1].eventId);
  });

  const fetchCurrentLogPosition = async () => (await connectSocketAsUser(server, await createUserWithRole(server))).acknowledged.lastEventId;
});

// Whoever is away is told by their browser's push service, and by nobody else.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, requestApiExpectingStatus, updateIncidentAsUser } from './helpers/api.mjs';
import { PushService } from './helpers/pushService.mjs';
import { joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { changeRoleOfUser, createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const DELAY_MS = 1500;
const server = useServerForTestFile({
  env: { WEB_PUSH_DELAY: String(DELAY_MS), WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' },
});

let service, user, other, count = 0;

before(async () => {
  service = await new PushService().start();
});

after(() => service.stop());

beforeEach(async () => {
  [user, other] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT');
  ({ publicKey: service.publicKey } = await requestApiExpectingStatus(200, server, user, 'GET', '/api/push'));
  service.refused.length = 0;
});

async function subscribeBrowserOfUser(owner, name = `browser-${(count += 1)}`) {
  const browser = service.openBrowser(name);
  const kept = await requestApiExpectingStatus(201, server, owner, 'POST', '/api/push/subscriptions', browser.toJSON());
  return { browser, kept, name };
}

const mention = (incident) => createCommentAsUser(server, other, incident.id, `Please look, @${user.handle}`);
const listOwn = async (owner) => (await requestApiExpectingStatus(200, server, owner, 'GET', '/api/push')).subscriptions;
const waitUntilTold = (browser, times = 1) =>
  waitUntilConditionHolds(`told ${times} times; ${service.refused}`, () => browser.told.length >= times, { deadlineMs: 15_000 });

describe('A person who is away', () => {
  test('should_be_told_of_a_mention_in_each_of_their_browsers_and_nobody_else', async () => {
    const [first, second] = [await subscribeBrowserOfUser(user), await subscribeBrowserOfUser(user)];
    const stranger = await subscribeBrowserOfUser(other);
    const incident = await createIncidentAsUser(server, other, { title: 'The lake has risen' });
    const written = performance.now();
    await mention(incident);
    for (const { browser } of [first, second]) await waitUntilTold(browser);
    assert.ok(performance.now() - written > DELAY_MS - 100, 'a page has its time to show it');
    const [told] = first.browser.told;
    assert.equal(told.incidentId, incident.id);
    assert.equal(told.type, 'mention');
    assert.equal(told.body, 'The lake has risen');
    assert.equal(told.mayBeTaken, false, 'not by a student whom it is not assigned to');
    assert.match(told.title, /mentioned you/);
    assert.equal(stranger.browser.told.length, 0);
    assert.deepEqual(service.refused, []);
    const kept = (await listOwn(user)).find(({ id }) => id === first.kept.id);
    assert.equal(kept.service, '127.0.0.1');
    await waitUntilConditionHolds('it is noted', async () => (await listOwn(user)).every(({ pushedAt }) => pushedAt), {});
  });

  test('should_be_told_of_an_incident_under_one_topic', async () => {
    await changeRoleOfUser(server, user, 'PREFECT');
    const { browser } = await subscribeBrowserOfUser(user);
    const [incident, another] = [await createIncidentAsUser(server, other), await createIncidentAsUser(server, other)];
    await mention(incident);
    await updateIncidentAsUser(server, other, incident.id, { assigneeId: user.id });
    await mention(another);
    await waitUntilTold(browser, 3);
    const isOffered = browser.told.filter(({ type }) => type === 'assignment').map(({ mayBeTaken }) => mayBeTaken);
    assert.deepEqual(isOffered, [true]);
    const topics = browser.told.map(({ topic, incidentId }) => [incidentId, topic]);
    assert.equal(new Set(topics.map(([, topic]) => topic)).size, 2);
    assert.equal(new Set(topics.map(String)).size, 2, 'each incident has one');
  });

  test('should_not_be_told_of_what_a_page_has_shown', async () => {
    const { browser } = await subscribeBrowserOfUser(user);
    const [seen, viewed, unseen] = await Promise.all([1, 2, 3].map(() => createIncidentAsUser(server, other)));
    const socket = await connectSocketAsUser(server, user);
    await mention(seen);
    const { id } = await waitForEvent(socket, 'notification:new');
    assert.equal((await socket.emitEventWithAck('notification:seen', { notificationIds: [id] })).ok, true);
    await mention(viewed);
    await joinRoomWithSuccessfulAck(socket, roomNameOfIncident(viewed));
    await mention(unseen);
    await waitUntilTold(browser);
    assert.deepEqual(browser.told.map(({ incidentId }) => incidentId), [unseen.id], 'an open page alone has shown nothing');
  });
});

describe('A browser', () => {
  test('should_be_forgotten_when_its_push_service_does_not_know_it', async () => {
    for (const status of [404, 410]) {
      const { name, kept } = await subscribeBrowserOfUser(user);
      service.answers.set(name, [status]);
      await mention(await createIncidentAsUser(server, other));
      const isGone = async () => (await listOwn(user)).every(({ id }) => id !== kept.id);
      await waitUntilConditionHolds(`forgotten after ${status}`, isGone, { deadlineMs: 15_000 });
    }
  });

  test('should_be_told_after_its_push_service_was_out_of_order', async () => {
    const { name, browser } = await subscribeBrowserOfUser(user);
    service.answers.set(name, [503, 429]);
    await mention(await createIncidentAsUser(server, other));
    await waitUntilTold(browser);
    assert.equal(browser.told.length, 1);
  });

  test('should_be_told_nothing_after_its_login_has_ended_or_it_was_taken_off', async () => {
    const [ended, off] = [await subscribeBrowserOfUser(user), await subscribeBrowserOfUser(user)];
    const fence = await subscribeBrowserOfUser(other);
    await requestApiExpectingStatus(204, server, user, 'DELETE', `/api/push/subscriptions/${off.kept.id}`);
    await requestApiExpectingStatus(404, server, user, 'DELETE', `/api/push/subscriptions/${off.kept.id}`);
    await requestApiExpectingStatus(404, server, other, 'DELETE', `/api/push/subscriptions/${ended.kept.id}`);
    const sessions = await requestApiExpectingStatus(200, server, user, 'GET', '/api/auth/sessions');
    const incident = await createIncidentAsUser(server, other);
    await mention(incident);
    await createCommentAsUser(server, user, incident.id, `Yes, @${other.handle}`);
    const list = Array.isArray(sessions) ? sessions : sessions.sessions;
    for (const { id } of list) await requestApiExpectingStatus(204, server, user, 'DELETE', `/api/auth/sessions/${id}`);
    await waitUntilTold(fence.browser);
    assert.equal(ended.browser.told.length + off.browser.told.length, 0);
  });

  test('should_be_of_whoever_subscribed_last_with_it', async () => {
    const { browser, name } = await subscribeBrowserOfUser(other);
    const again = await requestApiExpectingStatus(201, server, user, 'POST', '/api/push/subscriptions', browser.toJSON());
    assert.ok((await listOwn(user)).some(({ id }) => id === again.id));
    assert.ok((await listOwn(other)).every(({ id }) => id !== again.id));
    await mention(await createIncidentAsUser(server, other));
    await waitUntilTold(browser);
    assert.equal(service.browsers.get(name), browser);
  });

  test('should_be_one_of_twenty_at_most', async () => {
    const kept = [];
    for (let number = 0; number < 21; number += 1) kept.push((await subscribeBrowserOfUser(user)).kept.id);
    assert.deepEqual((await listOwn(user)).map(({ id }) => id), kept.slice(1).reverse());
  });

  test('should_be_refused_by_the_field_that_is_wrong', async () => {
    const good = service.openBrowser('wrong').toJSON();
    for (const [field, body] of [
      ['endpoint', { ...good, endpoint: 'not an address' }],
      ['keys.p256dh', { ...good, keys: { ...good.keys, p256dh: good.keys.auth } }],
      ['keys.auth', { ...good, keys: { ...good.keys, auth: 'AAAA' } }],
    ]) {
      const { error } = await requestApiExpectingStatus(400, server, user, 'POST', '/api/push/subscriptions', body);
      assert.deepEqual([error.code, error.details.field], ['VALIDATION_ERROR', field]);
    }
  });
});

// Sockets of tools, by whichever protocol: they hear what their owner would, are nobody's presence, may what their scopes say, and
// end with their token on every node.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { requestApiAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { HUB_RELEASES, HubClients } from './helpers/hubTestClient.mjs';
import { OwlPostServer } from './helpers/server.mjs';
import { closeEveryOpenSocketClient, connectSocketAsUser, expectConnectionToBeRefused } from './helpers/socketTestClient.mjs';
import { StompClients } from './helpers/stompTestClient.mjs';
import { createUserWithRole } from './helpers/users.mjs';
import { allowedTimeInMs, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const WITHIN_A_SECOND = { deadlineMs: allowedTimeInMs(1000) };
const nodes = [];
let one, two;

async function makeTokenOfUser(user, scopes) {
  const made = await requestApiExpectingStatus(201, one, user, 'POST', '/api/tokens', { name: 'a tool', scopes });
  return { ...user, token: made.token, tokenId: made.id };
}

const foreignProtocols = () => [new HubClients(Object.keys(HUB_RELEASES)[0], 'json'), new StompClients()];
const listPeopleOnline = async () => (await requestApiExpectingStatus(200, two, one.auror, 'GET', '/api/presence/online')).users;

describe('A socket with an API token', { skip: ADMIN_DATABASE_URL ? false : 'two nodes need a Postgres server' }, () => {
  before(async () => {
    one = new OwlPostServer();
    nodes.push(one);
    await one.createDatabaseAndStartProcess();
    two = new OwlPostServer();
    nodes.push(two);
    await two.startAsAnotherNodeOf(one);
  });
  afterEach(closeEveryOpenSocketClient);
  after(async () => {
    for (const node of nodes.toReversed()) await node.stopProcessAndCheckExit();
    for (const node of nodes.toReversed()) await node.removeDatabaseAndItsFiles();
  });

  test('hears what happens in its rooms and is nobody who is there', async () => {
    const user = await createUserWithRole(one, 'STUDENT');
    const watcher = await connectSocketAsUser(one, one.auror);
    const tool = await makeTokenOfUser(user, ['events']);
    const incident = await requestApiExpectingStatus(201, one, user, 'POST', '/api/incidents', { title: 'Troll' });
    const clients = [await connectSocketAsUser(two, tool)];
    for (const foreign of foreignProtocols()) clients.push(await connectSocketAsUser(two, tool, { foreign }));
    for (const client of clients) {
      const { ok } = await client.emitEventWithAck('room:join', { room: `incident:${incident.id}` });
      assert.equal(ok, true);
    }
    const comment = await requestApiExpectingStatus(201, one, user, 'POST', `/api/incidents/${incident.id}/comments`, { content: 'Big' });
    for (const client of clients) {
      await waitForEvent(client, 'comment:created', { match: (payload) => payload.comment.id === comment.id });
    }
    assert.equal((await listPeopleOnline()).some(({ id }) => id === user.id), false);
    const viewers = await requestApiExpectingStatus(200, two, user, 'GET', `/api/presence/incident/${incident.id}`);
    assert.equal(viewers.count, 0);
    assert.equal(watcher.records.some(({ name, payload }) => name === 'presence:join' && payload.userId === user.id), false);
  });

  test('may what its scopes say, and leaves to people what is theirs', async () => {
    const reader = await makeTokenOfUser(one.auror, ['events']);
    const writer = await makeTokenOfUser(one.auror, ['events', 'write']);
    const { id: incidentId } = await requestApiExpectingStatus(201, one, one.auror, 'POST', '/api/incidents', { title: 'Boggart' });
    const ofReader = await connectSocketAsUser(two, reader);
    const ofWriter = await connectSocketAsUser(two, writer);
    const refused = await ofReader.emitEventWithAck('incident:acknowledge', { incidentId });
    assert.deepEqual([refused.ok, refused.error.code], [false, 'FORBIDDEN']);
    assert.match(refused.error.message, /scope write/);
    for (const [event, payload] of [
      ['typing:start', { incidentId }],
      ['notification:seen', { notificationIds: [] }],
    ]) {
      const answer = await ofWriter.emitEventWithAck(event, payload);
      assert.deepEqual([answer.ok, answer.error.code], [false, 'FORBIDDEN'], event);
    }
    const mixed = await ofWriter.emitEventWithAck('authenticate', { token: one.auror.token });
    assert.deepEqual([mixed.ok, mixed.error.code], [false, 'FORBIDDEN']);
    const taken = await ofWriter.emitEventWithAck('incident:acknowledge', { incidentId });
    assert.equal(taken.ok, true);
    const without = await makeTokenOfUser(one.auror, ['read', 'report', 'write']);
    assert.equal(await expectConnectionToBeRefused(two, without.token), 'This token lacks the scope events');
  });

  test('ends with its token on the other node within a second, by every protocol, and no other does', async () => {
    const user = await createUserWithRole(one, 'STUDENT');
    const gone = await makeTokenOfUser(user, ['events', 'read']);
    const kept = await connectSocketAsUser(two, await makeTokenOfUser(user, ['events']));
    const ofPerson = await connectSocketAsUser(two, user);
    const ofGone = [await connectSocketAsUser(two, gone)];
    for (const foreign of foreignProtocols()) ofGone.push(await connectSocketAsUser(two, gone, { foreign }));
    await requestApiExpectingStatus(204, one, user, 'DELETE', `/api/tokens/${gone.tokenId}`);
    const statusOfToken = async (node) => (await requestApiAsUser(node, gone, 'GET', '/api/incidents')).status;
    await Promise.all([
      ...ofGone.map((client) => waitUntilConditionHolds('it is closed', () => !client.isConnected, WITHIN_A_SECOND)),
      waitUntilConditionHolds('its token is refused', async () => (await statusOfToken(two)) === 401, WITHIN_A_SECOND),
    ]);
    assert.equal(await statusOfToken(one), 401);
    assert.equal(await expectConnectionToBeRefused(two, gone.token), 'Authentication failed');
    assert.deepEqual([kept.isConnected, ofPerson.isConnected], [true, true]);
  });

  test('ends when the command line revokes its token', async () => {
    const user = await createUserWithRole(one, 'STUDENT');
    const token = (await one.runServerCommandToEnd('token', 'new', user.email, '--name', 'a tool', '--scope', 'events')).trim();
    const client = await connectSocketAsUser(two, { ...user, token });
    const [id] = (await one.runServerCommandToEnd('token', 'list', user.email)).split(/\s+/);
    await one.runServerCommandToEnd('token', 'revoke', id);
    await waitUntilConditionHolds('it is closed', () => !client.isConnected, WITHIN_A_SECOND);
  });
});

// Logins that end, by whatever way and at whatever node: within a second no token of theirs is good, and no socket of
// theirs is open, on any node and by any protocol. What belongs to other logins goes on.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { requestApiAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { HUB_RELEASES, HubClients } from './helpers/hubTestClient.mjs';
import { OwlPostServer } from './helpers/server.mjs';
import { closeEveryOpenSocketClient, connectSocketAsUser, expectConnectionToBeRefused } from './helpers/socketTestClient.mjs';
import { StompClients } from './helpers/stompTestClient.mjs';
import { TEST_PASSWORD, createUserWithRole } from './helpers/users.mjs';
import { allowedTimeInMs, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const WITHIN_A_SECOND = { deadlineMs: allowedTimeInMs(1000) };
const nodes = [];
let one, two;

async function logUserInAnew(user) {
  const credentials = { email: user.email, password: TEST_PASSWORD };
  const session = await requestApiExpectingStatus(200, two, null, 'POST', '/api/auth/login', credentials);
  return { ...user, token: session.accessToken, refreshToken: session.refreshToken };
}

async function findLoginOfUser(user) {
  const { sessions } = await requestApiExpectingStatus(200, one, user, 'GET', '/api/auth/sessions');
  return sessions.find(({ current }) => current);
}

const statusOfToken = async (node, user) => (await requestApiAsUser(node, user, 'GET', '/api/auth/me')).status;

/** Each way for a login to end, as somebody at the first node does it. */
const ENDS = {
  'its own logout': (gone) =>
    requestApiExpectingStatus(204, one, null, 'POST', '/api/auth/logout', { refreshToken: gone.refreshToken }),
  'another login of its person': async (gone, kept) => {
    const { id } = await findLoginOfUser(gone);
    await requestApiExpectingStatus(204, one, kept, 'DELETE', `/api/auth/sessions/${id}`);
  },
  'a new password': (_gone, kept) =>
    requestApiExpectingStatus(204, one, kept, 'PUT', '/api/auth/password', {
      currentPassword: TEST_PASSWORD,
      newPassword: 'wolfsbane & moonlight',
    }),
};

describe('A login that ends', { skip: ADMIN_DATABASE_URL ? false : 'two nodes need a Postgres server' }, () => {
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

  for (const [way, end] of Object.entries(ENDS)) {
    test(`by ${way}: its tokens and sockets end on the other node, and no others`, async () => {
      const kept = await createUserWithRole(one, 'STUDENT');
      const gone = await logUserInAnew(kept);
      const ofKept = await connectSocketAsUser(two, kept);
      const ofGone = [
        await connectSocketAsUser(two, gone),
        await connectSocketAsUser(two, gone, { foreign: new HubClients(Object.keys(HUB_RELEASES)[0], 'json') }),
        await connectSocketAsUser(two, gone, { foreign: new StompClients() }),
      ];
      await end(gone, kept);
      await Promise.all([
        waitForEvent(ofGone[0], '$disconnect', { ...WITHIN_A_SECOND, match: (reason) => reason === 'io server disconnect' }),
        ...ofGone.map((client) => waitUntilConditionHolds('it is closed', () => !client.isConnected, WITHIN_A_SECOND)),
        waitUntilConditionHolds('its token is refused', async () => (await statusOfToken(two, gone)) === 401, WITHIN_A_SECOND),
      ]);
      assert.equal(await statusOfToken(one, gone), 401);
      const renewal = { refreshToken: gone.refreshToken };
      assert.equal((await requestApiAsUser(two, null, 'POST', '/api/auth/refresh', renewal)).status, 401);
      assert.equal(ofKept.isConnected, true);
      assert.equal(await statusOfToken(two, kept), 200);
      assert.equal(await expectConnectionToBeRefused(two, gone.token), 'Authentication failed');
    });
  }

  test('by deactivation: every socket of the person is closed on every node, and they are gone from presence', async () => {
    const user = await createUserWithRole(one, 'STUDENT');
    const scripted = { ...user, token: (await one.runServerCommandToEnd('token', user.email)).trim() };
    const clients = [await connectSocketAsUser(one, user), await connectSocketAsUser(two, scripted)];
    await one.runServerCommandToEnd('user', 'deactivate', user.email);
    for (const client of clients) {
      await waitForEvent(client, '$disconnect', { ...WITHIN_A_SECOND, match: (reason) => reason === 'io server disconnect' });
    }
    for (const node of [one, two]) {
      assert.equal(await statusOfToken(node, scripted), 401);
      await waitUntilConditionHolds('they are gone', async () => {
        const { users } = await requestApiExpectingStatus(200, node, one.auror, 'GET', '/api/presence/online');
        return !users.some(({ id }) => id === user.id);
      });
    }
    await one.runServerCommandToEnd('user', 'activate', user.email);
    await connectSocketAsUser(two, await logUserInAnew(user));
  });

  test('by a password of the command line: tokens that belong to no login are refused as well', async () => {
    const user = await createUserWithRole(one, 'STUDENT');
    const scripted = { ...user, token: (await one.runServerCommandToEnd('token', user.email)).trim() };
    const client = await connectSocketAsUser(two, scripted);
    const printed = await one.runServerCommandToEnd('user', 'set-password', user.email);
    await waitForEvent(client, '$disconnect', WITHIN_A_SECOND);
    assert.equal(await statusOfToken(two, scripted), 401);
    const password = /password: (\S+)/.exec(printed)[1];
    await requestApiExpectingStatus(200, two, null, 'POST', '/api/auth/login', { email: user.email, password });
  });

  test('of somebody who is deleted: nothing of them is left but what they wrote', async () => {
    const user = await createUserWithRole(one, 'STUDENT', 'Gilderoy Lockhart');
    const client = await connectSocketAsUser(two, user);
    const incident = await requestApiExpectingStatus(201, one, user, 'POST', '/api/incidents', { title: 'Pixies' });
    await one.runServerCommandToEnd('user', 'delete', user.email);
    await waitForEvent(client, '$disconnect', WITHIN_A_SECOND);
    const kept = await requestApiExpectingStatus(200, two, one.auror, 'GET', `/api/incidents/${incident.id}`);
    assert.deepEqual([kept.title, kept.reportedBy.name], ['Pixies', 'Deleted user']);
    assert.doesNotMatch(await one.runServerCommandToEnd('user', 'list'), /lockhart/i);
  });
});

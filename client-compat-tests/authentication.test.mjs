// Whose token is good, for how long, and what a changed role does to a live socket.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { createIncidentAsUser, fetchOnlinePresenceAsUser, requestApiAsUser } from './helpers/api.mjs';
import { assertAckFailsWithCode, assertEventWasNotReceived, fenceClientsWithNewIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser, connectSocketWithToken, expectConnectionToBeRefused } from './helpers/socketTestClient.mjs';
import { forgeClaimsOfGivenToken, generateSecretForTheServer, mintAccessTokenForUser } from './helpers/tokens.mjs';
import { changeRoleOfUser, createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { allowedTimeInMs, waitForEvent, waitForRecordedEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();
const GRACE_MS = 30_000;

/** Each by name: how to make it for a user, and the text it is refused with. */
const BAD_TOKENS = {
  expired_an_hour_ago: [(user) => server.mintAccessTokenForUser(user, { expiresInSeconds: -3600 }), 'Token expired'],
  expired_five_seconds_ago: [(user) => server.mintAccessTokenForUser(user, { expiresInSeconds: -5 }), 'Token expired'],
  of_another_secret: [(user) => mintAccessTokenForUser(generateSecretForTheServer(), user), 'Authentication failed'],
  expired_and_of_another_secret: [(user) => mintAccessTokenForUser(generateSecretForTheServer(), user, { expiresInSeconds: -60 }), 'Authentication failed'],
  with_alg_none: [(user) => server.mintAccessTokenForUser(user, { algorithm: 'none' }), 'Authentication failed'],
  with_alg_hs512: [(user) => server.mintAccessTokenForUser(user, { algorithm: 'HS512' }), 'Authentication failed'],
  with_forged_claims: [(user) => forgeClaimsOfGivenToken(user.token, { sub: server.auror.id }), 'Authentication failed'],
  of_a_user_who_does_not_exist: [(user) => server.mintAccessTokenForUser({ ...user, id: randomUUID() }), 'Authentication failed'],
  without_exp: [(user) => server.mintAccessTokenForUser(user, { claims: { exp: undefined } }), 'Authentication failed'],
  without_sub: [(user) => server.mintAccessTokenForUser(user, { claims: { sub: undefined } }), 'Authentication failed'],
  whose_sub_is_no_uuid: [(user) => server.mintAccessTokenForUser(user, { claims: { sub: "1' OR '1'='1" } }), 'Authentication failed'],
  of_type_refresh: [(user) => server.mintAccessTokenForUser(user, { claims: { type: 'refresh' } }), 'Authentication failed'],
  that_is_the_refresh_token: [(user) => user.refreshToken, 'Authentication failed'],
  of_two_parts: [(user) => user.token.split('.').slice(0, 2).join('.'), 'Authentication failed'],
  of_ten_thousand_letters: [() => 'a'.repeat(10_000), 'Authentication failed'],
};

describe('Tokens', () => {
  for (const [name, [makeToken, text]] of Object.entries(BAD_TOKENS)) {
    test(`should_refuse_a_token_${name}`, async () => {
      const user = await createUserWithRole(server, 'STUDENT');
      const token = makeToken(user);
      for (const options of [{ mode: 'websocket' }, { mode: 'polling', tokenBy: 'query' }]) {
        assert.equal(await expectConnectionToBeRefused(server, token, options), text);
      }
      assert.equal((await requestApiAsUser(server, { token }, 'GET', '/api/incidents')).status, 401);
      const { users } = await fetchOnlinePresenceAsUser(server, server.auror);
      assert.ok(users.every(({ id }) => id !== user.id));
    });
  }

  for (const token of [null, 17, true, ['token'], { token: 'token' }, '']) {
    test(`should_refuse_${JSON.stringify(token)}_as_a_token`, async () => {
      const text = await expectConnectionToBeRefused(server, undefined, { auth: { token } });
      assert.ok(['Authentication token required', 'Authentication failed'].includes(text), text);
    });
  }

  test('should_accept_the_tokens_of_the_older_server', async () => {
    const user = await createUserWithRole(server, 'PREFECT');
    const claims = { sub: undefined, type: undefined, userId: user.id };
    const client = await connectSocketWithToken(server, server.mintAccessTokenForUser(user, { claims }));
    assert.equal(client.acknowledged.user.id, user.id);
  });

  test('should_go_by_the_role_in_the_database_not_in_the_claim', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketWithToken(server, server.mintAccessTokenForUser({ ...user, role: 'AUROR' }));
    assert.equal(client.acknowledged.user.role, 'STUDENT');
    await createIncidentAsUser(server, server.auror, { severity: 'CRITICAL' });
    await fenceClientsWithNewIncident(server, client);
    assert.equal(client.payloadsOf('escalation:critical').length, 0);
  });
});

describe('Renewal', () => {
  test('should_disconnect_after_the_grace_unless_renewed', async () => {
    const [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const shortLived = () => server.mintAccessTokenForUser(user, { expiresInSeconds: 3 });
    const renewed = await connectSocketWithToken(server, shortLived());
    const early = await connectSocketWithToken(server, shortLived());
    assert.equal((await early.emitEventWithAck('authenticate', { token: user.token })).ok, true);
    const stubborn = await connectSocketWithToken(server, shortLived());
    const told = await waitForRecordedEvent(stubborn, 'error', { match: (e) => e.code === 'TOKEN_EXPIRED' });
    await waitForEvent(renewed, 'error', { match: (e) => e.code === 'TOKEN_EXPIRED' });
    assertAckFailsWithCode(await renewed.emitEventWithAck('authenticate', { token: other.token }), 'FORBIDDEN', 'UNAUTHENTICATED');
    assert.equal((await renewed.emitEventWithAck('authenticate', { token: user.token })).ok, true);
    const gone = await waitForRecordedEvent(stubborn, '$disconnect', { deadlineMs: GRACE_MS + 10_000 });
    const graceMs = gone.at - told.at;
    assert.ok(graceMs > GRACE_MS - 1000 && graceMs < GRACE_MS + allowedTimeInMs(3000), `disconnected after ${graceMs} ms of grace`);
    await fenceClientsWithNewIncident(server, renewed, early);
    for (const client of [renewed, early]) assert.equal(client.payloadsOf('$disconnect').length, 0);
    assert.equal(early.payloadsOf('error').length, 0, 'renewed in time: nothing to tell');
  });
});

describe('Renewal with other tokens', () => {
  test('should_refuse_tokens_that_are_bad_or_of_another_user_and_live_on', async () => {
    const [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    const renewWith = (token) => client.emitEventWithAck('authenticate', { token });
    assertAckFailsWithCode(await renewWith(other.token), 'FORBIDDEN', 'UNAUTHENTICATED');
    assertAckFailsWithCode(await renewWith(server.mintAccessTokenForUser(user, { expiresInSeconds: -60 })), 'TOKEN_EXPIRED');
    assertAckFailsWithCode(await renewWith(mintAccessTokenForUser(generateSecretForTheServer(), user)), 'UNAUTHENTICATED');
    assertAckFailsWithCode(await renewWith(server.mintAccessTokenForUser(user, { algorithm: 'none' })), 'UNAUTHENTICATED');
    assert.equal((await renewWith(server.mintAccessTokenForUser(user, { expiresInSeconds: 3600 }))).ok, true);
    await fenceClientsWithNewIncident(server, client);
    assert.equal(client.payloadsOf('$disconnect').length, 0);
  });
});

describe('Role changes', () => {
  const WITHIN_MS = allowedTimeInMs(1000);

  // Escalates until the socket's answer is `expected`, and fails if an escalation later than the bar still isn't.
  const escalateUntilSocketIs = async (expected, client, changedAt) => {
    for (;;) {
      const startedAt = performance.now();
      const { id } = await createIncidentAsUser(server, server.auror, { severity: 'CRITICAL' });
      await fenceClientsWithNewIncident(server, client);
      const received = client.payloadsOf('escalation:critical').some((e) => e.incidentId === id);
      if (received === expected) return;
      assert.ok(startedAt - changedAt < WITHIN_MS, `${WITHIN_MS} ms after the change the socket still has its old room`);
    }
  };

  test('should_reach_the_live_socket_within_one_second', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    await escalateUntilSocketIs(false, client, performance.now());
    await changeRoleOfUser(server, user, 'AUROR');
    await escalateUntilSocketIs(true, client, performance.now());
    await changeRoleOfUser(server, user, 'PREFECT');
    await escalateUntilSocketIs(false, client, performance.now());
    assert.equal(client.payloadsOf('$disconnect').length, 0);
  });

  test('should_reach_permissions_and_counts_within_one_second', async () => {
    const [user, watcher] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [watching] = [await connectSocketAsUser(server, watcher), await connectSocketAsUser(server, user)];
    const incident = await createIncidentAsUser(server, watcher);
    const editIncident = async () => (await requestApiAsUser(server, user, 'PATCH', `/api/incidents/${incident.id}`, { location: 'Tower' })).status;
    assert.equal(await editIncident(), 403);
    const since = watching.position;
    await changeRoleOfUser(server, user, 'PREFECT');
    await waitUntilConditionHolds('the new Prefect may edit', async () => (await editIncident()) === 200, { deadlineMs: WITHIN_MS });
    await waitForEvent(watching, 'presence:counts', { since, match: (e) => e.byRole.PREFECT === 1 });
    const { users } = await fetchOnlinePresenceAsUser(server, watcher);
    assert.equal(users.find(({ id }) => id === user.id).role, 'PREFECT');
  });

  test('should_tell_ones_own_pages_what_one_is_now_also_after_being_away', async () => {
    const [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [own, others] = [await connectSocketAsUser(server, user), await connectSocketAsUser(server, other)];
    await fenceClientsWithNewIncident(server, own);
    await changeRoleOfUser(server, user, 'PREFECT');
    const told = await waitForEvent(own, 'user:updated');
    assert.deepEqual([told.user.id, told.user.role], [user.id, 'PREFECT']);
    own.disconnect();
    // Two in a row: the last word is the last event.
    for (const role of ['AUROR', 'STUDENT']) await changeRoleOfUser(server, user, role);
    const back = await connectSocketAsUser(server, user, { auth: { lastEventId: told.eventId } });
    assert.equal((await waitForEvent(back, 'events:resumed')).complete, true);
    assert.deepEqual(back.payloadsOf('user:updated').map((e) => e.user.role), ['AUROR', 'STUDENT']);
    assert.equal(back.acknowledged.user.role, 'STUDENT');
    await fenceClientsWithNewIncident(server, others);
    assertEventWasNotReceived(others, 'user:updated');
  });

  test('should_reach_a_socket_that_connects_at_the_same_moment', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    for (const role of ['AUROR', 'STUDENT', 'AUROR', 'STUDENT', 'AUROR']) {
      const connecting = Array.from({ length: 6 }, () => connectSocketAsUser(server, user));
      const changed = changeRoleOfUser(server, user, role);
      const clients = await Promise.all(connecting);
      await changed;
      const { id } = await createIncidentAsUser(server, server.auror, { severity: 'CRITICAL' });
      await fenceClientsWithNewIncident(server, ...clients);
      for (const client of clients) {
        const called = client.payloadsOf('escalation:critical').some((e) => e.incidentId === id);
        assert.equal(called, role === 'AUROR', `called as ${role}`);
        client.disconnect();
      }
    }
  });

  test('should_refuse_role_changes_by_others_than_aurors', async () => {
    const [student, prefect] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT');
    for (const user of [student, prefect]) {
      assert.equal((await requestApiAsUser(server, user, 'PATCH', `/api/users/${student.id}`, { role: 'AUROR' })).status, 403);
    }
  });
});

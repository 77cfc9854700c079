// SignalR clients that come back: nothing lost, nothing twice, in the order of the log; over restarts and from node to node.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { HUB_MODES, HUB_RELEASES, HubClients } from './helpers/hubTestClient.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { requestHubWithToken } from './helpers/hubRequests.mjs';
import { OwlPostServer, runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();
const current = new HubClients('@microsoft/signalr', 'json');
let ada, bob;

beforeEach(async () => {
  [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
});

const namesOf = (client, since = 0) =>
  client.records.slice(since).map(({ name }) => name).filter((name) => !/^presence:|^\$/.test(name));

/** What an application adds for its automatic reconnects to resume: the query of the next negotiation. */
function resumeByItselfFromNowOn(client, rooms = []) {
  const { origin, pathname } = new URL(client.connection.baseUrl);
  client.connection.onreconnecting(() => {
    const position = client.durableEvents().at(-1)?.payload.eventId ?? client.acknowledged.lastEventId;
    const query = new URLSearchParams([['lastEventId', position], ...rooms.map((room) => ['room', room])]);
    client.connection.baseUrl = `${origin}${pathname}?${query}`;
  });
}

for (const release of Object.keys(HUB_RELEASES)) {
  for (const mode of Object.keys(HUB_MODES)) {
    test(`should_replay_what_was_missed_in_order_to_${release}_over_${mode}`, async () => {
      const foreign = new HubClients(release, 'json');
      const incident = await createIncidentAsUser(server, bob);
      const first = await connectSocketAsUser(server, ada, { foreign, mode });
      const { lastEventId } = first.acknowledged;
      first.disconnect();
      const missed = [];
      for (let n = 0; n < 10; n += 1) missed.push((await createIncidentAsUser(server, bob, { title: `Missed ${n}` })).id);
      const comment = await createCommentAsUser(server, bob, incident.id);
      const query = [['lastEventId', lastEventId], ['room', roomNameOfIncident(incident)]];
      const client = await connectSocketAsUser(server, ada, { foreign, mode, query });
      const resumed = await waitForEvent(client, 'events:resumed');
      assert.deepEqual([resumed.from, resumed.complete, resumed.count], [lastEventId, true, 11]);
      await fenceClientsWithNewIncident(server, client);
      const expected = ['connection:acknowledged', ...Array(10).fill('incident:created'), 'comment:created', 'events:resumed', 'incident:created'];
      assert.deepEqual(namesOf(client), expected);
      assert.deepEqual(client.payloadsOf('incident:created').slice(0, 10).map((e) => e.incident.id), missed);
      assert.equal(client.payloadsOf('comment:created')[0].comment.id, comment.id);
    });
  }
}

test('should_be_told_when_a_position_is_none', async () => {
  for (const lastEventId of ['x', '-1', '9'.repeat(19), '99999999999999999999999']) {
    const client = await connectSocketAsUser(server, ada, { foreign: current, query: { lastEventId } });
    assert.equal((await waitForEvent(client, 'events:resumed')).complete, false, lastEventId);
  }
});

test('should_skip_the_negotiation_and_resume_all_the_same', async () => {
  const first = await connectSocketAsUser(server, ada, { foreign: current, skipNegotiation: true });
  const { lastEventId } = first.acknowledged;
  first.disconnect();
  const incident = await createIncidentAsUser(server, bob);
  const client = await connectSocketAsUser(server, ada, { foreign: current, skipNegotiation: true, query: { lastEventId } });
  await waitForEvent(client, 'incident:created', { match: (e) => e.incident.id === incident.id });
  assert.equal((await waitForEvent(client, 'events:resumed')).complete, true);
});

for (const mode of Object.keys(HUB_MODES)) {
  describe(`Automatic reconnects over ${mode}`, () => {
    test('should_miss_nothing_while_the_line_was_cut', async (context) => {
      const line = await openNetworkLineToServer(server);
      context.after(() => line.close());
      const incident = await createIncidentAsUser(server, bob);
      const client = await connectSocketAsUser(server, ada, { foreign: current, mode, url: line.url });
      await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
      resumeByItselfFromNowOn(client, [roomNameOfIncident(incident)]);
      const comments = [];
      for (let round = 0; round < 3; round += 1) {
        const since = client.position;
        comments.push((await createCommentAsUser(server, bob, incident.id)).id);
        await waitForEvent(client, 'comment:created', { since });
        line.cut();
        await waitForEvent(client, '$disconnect', { since });
        comments.push((await createCommentAsUser(server, bob, incident.id)).id);
        line.mend();
        await waitForEvent(client, 'events:resumed', { since, match: (e) => e.complete });
      }
      assert.deepEqual(client.payloadsOf('comment:created').map((e) => e.comment.id), comments);
    });

    test('should_come_back_after_a_stop_and_after_a_kill_and_miss_nothing', async () => {
      const client = await connectSocketAsUser(server, ada, { foreign: current, mode });
      resumeByItselfFromNowOn(client);
      for (const end of ['stopProcessAndCheckExit', 'killProcessWithoutAnyWarning']) {
        const since = client.position;
        const told = await createIncidentAsUser(server, bob);
        await waitForEvent(client, 'incident:created', { since, match: (e) => e.incident.id === told.id });
        await server[end]();
        await waitForEvent(client, '$disconnect', { since });
        await server.startProcessAndAwaitListening(server.port);
        await waitForEvent(client, 'events:resumed', { since, match: (e) => e.complete, deadlineMs: 30_000 });
      }
      const positions = client.durableEvents().map(({ payload }) => BigInt(payload.eventId));
      assert.ok(positions.every((position, n) => n === 0 || position > positions[n - 1]), positions.join());
      assert.equal(client.payloadsOf('$closed').length, 0);
    });
  });
}

describe('Ends', () => {
  test('should_go_on_with_the_token_it_began_with_once_it_was_renewed', async () => {
    await runTestWithOwnServer({ env: { TOKEN_GRACE: '3000' } }, async (own) => {
      const [user, stranger] = await createUsersWithRoles(own, 'STUDENT', 'STUDENT');
      await Promise.all(Object.keys(HUB_MODES).map(async (mode) => {
        const token = own.mintAccessTokenForUser(user, { expiresInSeconds: 2 });
        const client = await connectSocketAsUser(own, { ...user, token }, { foreign: current, mode });
        await waitForEvent(client, 'error', { match: (e) => e.code === 'TOKEN_EXPIRED' });
        // Within the grace its requests go on, and one of them renews the session.
        await joinRoomWithSuccessfulAck(client, 'incidents');
        assert.equal((await client.emitEventWithAck('authenticate', { token: user.token })).ok, true);
        const since = client.position;
        const over = Date.now() + 4000;
        await waitUntilConditionHolds('the grace of the old token is over', () => Date.now() > over, { deadlineMs: 20_000 });
        await joinRoomWithSuccessfulAck(client, 'incidents');
        await fenceClientsWithNewIncident(own, client);
        assert.deepEqual(client.payloadsOf('$closed', since), [], mode);
        // But nobody else's expired token is good for it, and this one for nothing else.
        const id = new URL(client.connection.connection.transport._url ?? client.connection.connection.transport.url ?? own.url).searchParams.get('id');
        const expired = own.mintAccessTokenForUser(stranger, { expiresInSeconds: -60 });
        for (const [asked, secret] of [[expired, id], [token, 'another']]) {
          assert.equal((await requestHubWithToken(own, asked, 'POST', { id: secret, body: '' })).status, 401);
        }
      }));
    });
  });

  test('should_tell_a_client_whose_token_has_expired_and_keep_it_away', async () => {
    const own = new OwlPostServer({ env: { TOKEN_GRACE: '500' } });
    await own.createDatabaseAndStartProcess();
    try {
      const [user] = await createUsersWithRoles(own, 'STUDENT');
      for (const mode of Object.keys(HUB_MODES)) {
        const token = own.mintAccessTokenForUser(user, { expiresInSeconds: 2 });
        const client = await connectSocketAsUser(own, { ...user, token }, { foreign: current, mode });
        await waitForEvent(client, 'error', { match: (e) => e.code === 'TOKEN_EXPIRED' });
        const closed = await waitForEvent(client, '$closed', { deadlineMs: 20_000 });
        assert.match(closed, /TOKEN_EXPIRED: Token expired/, mode);
      }
    } finally {
      await own.stopProcessAndCheckExit();
      await own.removeDatabaseAndItsFiles();
    }
  });
});

describe('Two nodes', { skip: ADMIN_DATABASE_URL ? false : 'two nodes need a Postgres server: set OWLPOST_TEST_DATABASE_URL' }, () => {
  let other;

  before(async () => {
    other = new OwlPostServer({ env: server.options.env });
    await other.startAsAnotherNodeOf(server);
  });

  after(() => other.stopProcessAndCheckExit());

  test('should_hear_of_each_other_and_resume_on_the_other_node', async () => {
    const incident = await createIncidentAsUser(server, bob);
    const room = roomNameOfIncident(incident);
    const here = await connectSocketAsUser(server, ada, { foreign: current });
    const there = await connectSocketAsUser(other, bob, { foreign: new HubClients('@microsoft/signalr', 'msgpack'), mode: 'polling' });
    await joinRoomWithSuccessfulAck(here, room);
    await joinRoomWithSuccessfulAck(there, room);
    await waitForEvent(here, 'presence:join', { match: (e) => e.room === room });
    const { eventId } = (await fenceClientsWithNewIncident(server, here, there)) && here.durableEvents().at(-1).payload;
    here.disconnect();
    const comment = await createCommentAsUser(server, bob, incident.id);
    const back = await connectSocketAsUser(other, ada, { foreign: current, query: { lastEventId: eventId, room } });
    await waitForEvent(back, 'comment:created', { match: (e) => e.comment.id === comment.id });
    assert.equal((await waitForEvent(back, 'events:resumed')).complete, true);
  });
});

describe('A room of both protocols', () => {
  test('should_hold_clients_of_both_who_see_each_other_and_hear_the_same', async () => {
    const incident = await createIncidentAsUser(server, bob);
    const room = roomNameOfIncident(incident);
    const ways = [{ foreign: current }, { foreign: new HubClients('@microsoft/signalr', 'msgpack') }, { release: 'current' }, { release: 'msgpack' }];
    const clients = await Promise.all(ways.map((options) => connectSocketAsUser(server, ada, options)));
    const guest = await connectSocketAsUser(server, bob, { foreign: current });
    for (const client of clients) assert.equal((await joinRoomWithSuccessfulAck(client, room)).count, 1);
    assert.equal((await joinRoomWithSuccessfulAck(guest, room)).count, 2);
    await guest.emitEventWithAck('typing:start', { incidentId: incident.id });
    for (const client of clients) {
      await waitForEvent(client, 'presence:join', { match: (e) => e.room === room && e.userId === bob.id });
      await waitForEvent(client, 'presence:typing', { match: (e) => e.isTyping && e.userId === bob.id });
    }
    await clients[2].emitEventWithAck('typing:start', { incidentId: incident.id });
    await waitForEvent(guest, 'presence:typing', { match: (e) => e.isTyping && e.userId === ada.id });
    await createCommentAsUser(server, bob, incident.id, `Wörds for @${ada.handle} "\\ \u{1f989}`);
    await fenceClientsWithNewIncident(server, ...clients);
    // Byte for byte: the order of fields too.
    const texts = clients.map((client) => client.durableEvents().slice(-3).map(({ name, payload }) => `${name} ${JSON.stringify(payload)}`));
    assert.equal(texts[0].length, 3);
    // MessagePack keeps no order of its own: what was JSON is written as it was read.
    assert.deepEqual(texts[0], texts[2]);
    assert.deepEqual(texts.map((events) => events.map((text) => JSON.parse(text.slice(text.indexOf('{'))))), Array(4).fill(texts[2].map((text) => JSON.parse(text.slice(text.indexOf('{'))))));
    guest.disconnect();
    for (const client of clients) await waitForEvent(client, 'presence:leave', { match: (e) => e.userId === bob.id && e.room === room });
  });
});

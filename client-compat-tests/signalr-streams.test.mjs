// `StreamEvents`: the log and what happens as a stream, beside whatever else the connection does.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchEventLogAsUser } from './helpers/api.mjs';
import { HUB_MODES, HubClients } from './helpers/hubTestClient.mjs';
import { roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

let ada, bob;
const server = useServerForTestFile({}, async () => {
  [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
});
const foreign = new HubClients('@microsoft/signalr', 'json');
const binary = new HubClients('@microsoft/signalr', 'msgpack');

/** What a stream gives: `items`, `error` and `isComplete` as they come. */
function subscribeToEvents(client, ...args) {
  const heard = { items: [], error: undefined, isComplete: false };
  const subscription = client.connection.stream('StreamEvents', ...args).subscribe({
    next: (item) => heard.items.push(item),
    error: (error) => Object.assign(heard, { error: error.message }),
    complete: () => Object.assign(heard, { isComplete: true }),
  });
  return Object.assign(heard, { dispose: () => subscription.dispose() });
}

const hasItem = (stream, match) => () => stream.items.some(match);
const isIncident = (incident) => ({ payload }) => payload.incident?.id === incident.id;

for (const [mode, clients] of [...Object.keys(HUB_MODES).map((mode) => [mode, foreign]), ['websocket', binary], ['polling', binary]]) {
  describe(`StreamEvents in ${clients.format} over ${mode}`, () => {
    const connect = (user = ada) => connectSocketAsUser(server, user, { foreign: clients, mode });

    test('should_replay_what_is_behind_a_position_and_go_on', async () => {
      const client = await connect();
      const after = client.acknowledged.lastEventId;
      const missed = [];
      for (let n = 0; n < 40; n += 1) missed.push((await createIncidentAsUser(server, bob, { title: `Missed ${n}` })).id);
      const stream = subscribeToEvents(client, after);
      await waitUntilConditionHolds('the replay is over', hasItem(stream, ({ event }) => event === 'events:resumed'));
      const live = await createIncidentAsUser(server, bob);
      await waitUntilConditionHolds('what is new comes', hasItem(stream, isIncident(live)));
      const incidents = stream.items.filter(({ event }) => event === 'incident:created');
      assert.deepEqual(incidents.map(({ payload }) => payload.incident.id), [...missed, live.id]);
      const log = await fetchEventLogAsUser(server, ada, after);
      assert.deepEqual(incidents, log.map(({ eventId, event, payload }) => ({ eventId, event, payload })));
      const resumed = stream.items.findIndex(({ event }) => event === 'events:resumed');
      assert.equal(stream.items.slice(0, resumed).filter(({ eventId }) => eventId).length, 40);
    });

    test('should_begin_with_what_is_new_and_have_what_has_no_position', async () => {
      const client = await connect();
      const incident = await createIncidentAsUser(server, bob);
      const stream = subscribeToEvents(client, null, [roomNameOfIncident(incident)]);
      const seen = await connectSocketAsUser(server, bob);
      await waitUntilConditionHolds('somebody comes', hasItem(stream, ({ event, payload }) => event === 'presence:counts' && payload.total >= 2));
      const comment = await createCommentAsUser(server, bob, incident.id);
      await waitUntilConditionHolds('the room is heard', hasItem(stream, ({ payload }) => payload.comment?.id === comment.id));
      assert.ok(stream.items.every(({ event, eventId }) => (eventId === undefined) === /^presence:/.test(event)), JSON.stringify(stream.items.map((item) => [item.event, item.eventId])));
      assert.ok(!stream.items.some(isIncident(incident)), 'what was before is not new');
      seen.close();
    });

    test('should_end_when_it_is_disposed_of_and_leave_its_place', async () => {
      const client = await connect();
      for (let n = 0; n < 6; n += 1) {
        const stream = subscribeToEvents(client, '0');
        await waitUntilConditionHolds('it has begun', hasItem(stream, ({ event }) => event === 'events:resumed'));
        stream.dispose();
      }
      const heard = await client.emitEventWithAck('room:join', { room: 'incidents' });
      assert.equal(heard.ok, true);
    });

    test('should_have_four_at_a_time_and_refuse_the_fifth', async () => {
      const client = await connect();
      const streams = Array.from({ length: 5 }, () => subscribeToEvents(client, null));
      await waitUntilConditionHolds('the fifth is refused', () => streams[4].error !== undefined);
      assert.match(streams[4].error, /HubException: CONFLICT: A connection may have 4 streams at a time/);
      const incident = await createIncidentAsUser(server, bob);
      for (const stream of streams.slice(0, 4)) await waitUntilConditionHolds('the others go on', hasItem(stream, isIncident(incident)));
      streams[0].dispose();
      let another;
      await waitUntilConditionHolds('there is a place for another', async () => {
        another = subscribeToEvents(client, '0');
        await waitUntilConditionHolds('it begins or is refused', () => another.error ?? another.items.length > 0);
        return another.error === undefined;
      });
    });
  });
}

describe('StreamEvents', () => {
  test('should_say_what_is_wrong_with_its_arguments', async () => {
    const client = await connectSocketAsUser(server, ada, { foreign });
    for (const [args, problem] of [
      [['x'], 'VALIDATION_ERROR'],
      [[-1], 'VALIDATION_ERROR'],
      [[null, 7], 'VALIDATION_ERROR'],
      [[null, [], 'more'], 'VALIDATION_ERROR'],
      [[null, ['dungeon']], 'FORBIDDEN'],
      [[null, [`user:${ada.id}`]], 'FORBIDDEN'],
      [[null, ['incident:0192c0de-0000-7000-8000-000000000000']], 'NOT_FOUND'],
    ]) {
      const stream = subscribeToEvents(client, ...args);
      await waitUntilConditionHolds('it is refused', () => stream.error !== undefined);
      assert.ok(stream.error.includes(`HubException: ${problem}: `), `${JSON.stringify(args)}: ${stream.error}`);
    }
    const wrong = client.connection.stream('JoinRoom', 'incidents');
    const error = await new Promise((resolve) => wrong.subscribe({ next() {}, complete() {}, error: resolve }));
    assert.match(error.message, /non-streaming 'JoinRoom' method with a streaming invocation/);
  });

  test('should_end_with_its_token_and_say_so', async () => {
    const token = server.mintAccessTokenForUser(bob, { expiresInSeconds: 3 });
    const client = await connectSocketAsUser(server, { ...bob, token }, { foreign });
    const stream = subscribeToEvents(client, null);
    await waitForEvent(client, 'error', { match: (e) => e.code === 'TOKEN_EXPIRED' });
    await waitUntilConditionHolds('the stream is over', () => stream.error !== undefined);
    assert.match(stream.error, /HubException: TOKEN_EXPIRED: Token expired/);
  });
});

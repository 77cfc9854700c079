// What tests of recovery share: a line that is cut around something, and a history that must be whole.
import assert from 'node:assert/strict';
import { fetchEventLogAsUser } from './api.mjs';
import { fenceClientsWithNewIncident } from './rooms.mjs';
import { waitForEvent } from './waitForEvent.mjs';

/** Where the record of the client stood when its line was cut; it is connected again when this resolves. */
export async function cutLineOfClientWhile(line, client, action = async () => {}) {
  const since = client.position;
  line.cut();
  await waitForEvent(client, '$disconnect', { since });
  await action();
  line.mend();
  await waitForEvent(client, 'connection:acknowledged', { since, deadlineMs: 30_000 });
  return since;
}

/** The client has each durable event that its user was entitled to since then, once, in the order of the log. It is in the feed. */
export async function assertHistoryOfClientIsWhole(server, user, client, start) {
  await fenceClientsWithNewIncident(server, client);
  const log = await fetchEventLogAsUser(server, user, start);
  assert.deepEqual(client.durableEvents().map(({ payload }) => payload.eventId), log.map(({ eventId }) => eventId));
}

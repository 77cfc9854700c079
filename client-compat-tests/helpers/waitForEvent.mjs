// Waiting for conditions, each with a deadline. Nothing in this suite waits for a fixed time and
// then looks: every wait here ends the moment its condition holds, and fails loudly if it never does.

/** How long a condition may take before the test fails, in milliseconds, where the contract names no time. */
export const DEFAULT_DEADLINE_MS = 10_000;

/**
 * A time bar of the contract in milliseconds, as this machine is asked to hold it.
 * `OWLPOST_TEST_TIME_FACTOR` (default 1) stretches every such bar on machines that share their cores.
 */
export function allowedTimeInMs(contractMs) {
  return contractMs * Number(process.env.OWLPOST_TEST_TIME_FACTOR ?? 1);
}

/** Resolves like `promise`, or rejects with `describe()` once `deadlineMs` have passed. */
export async function settleBeforeGivenDeadline(promise, describe, deadlineMs = DEFAULT_DEADLINE_MS) {
  let timer;
  const deadline = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`after ${deadlineMs} ms: ${describe()}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The first record of `name`, or of any in a list of names, that the client has received, or will, and for which
 * `match(payload)` holds.
 * `since` is an earlier `client.position`: records before it don't count. A record is `{ name, payload, at }`.
 */
export function waitForRecordedEvent(client, name, { match = () => true, since = 0, deadlineMs } = {}) {
  const names = [name].flat();
  const wanted = (record) => names.includes(record.name) && match(record.payload);
  const seen = client.records.slice(since).find(wanted);
  if (seen) return Promise.resolve(seen);
  let stopListening;
  const arrival = new Promise((resolve) => {
    const listener = (record) => wanted(record) && resolve(record);
    client.recorded.on('record', listener);
    stopListening = () => client.recorded.off('record', listener);
  });
  const describe = () => {
    const received = client.records.slice(since).map((record) => record.name);
    const last = client.records.slice(since).findLast((record) => names.includes(record.name));
    const almost = last ? `; the last one of that name was ${JSON.stringify(last.payload)}` : '';
    return `no ${names.join(' or ')} that matches arrived; received: [${received.slice(-40).join(', ')}]${almost}`;
  };
  const waiting = settleBeforeGivenDeadline(arrival, describe, deadlineMs).finally(stopListening);
  // A test that fails before it comes to await this promise must not also die of its rejection.
  waiting.catch(() => {});
  return waiting;
}

/** The payload of the first matching event; options as in `waitForRecordedEvent`. */
export function waitForEvent(client, name, options = {}) {
  const waiting = waitForRecordedEvent(client, name, options).then((record) => record.payload);
  waiting.catch(() => {});
  return waiting;
}

/** Asks `condition` again and again until it returns something truthy, and returns that. */
export async function waitUntilConditionHolds(description, condition, { deadlineMs, everyMs = 20 } = {}) {
  const stopAt = performance.now() + (deadlineMs ?? DEFAULT_DEADLINE_MS);
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > stopAt) {
      throw new Error(`after ${deadlineMs ?? DEFAULT_DEADLINE_MS} ms this did not hold: ${description}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/**
 * Does `action` every `everyMs` for `forMs` milliseconds, as a person at a keyboard would. Resolves, with the
 * time of the last one, after it: this is an input that takes time, not a wait for something to happen.
 */
export async function repeatActionForGivenTime(action, { everyMs, forMs }) {
  const startedAt = performance.now();
  for (;;) {
    action();
    const at = performance.now();
    if (at - startedAt > forMs) return at;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

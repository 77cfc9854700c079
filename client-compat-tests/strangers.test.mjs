// Clients without a token that try to stop the server: real clients come in all the same, and it stops when told to.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';

// That it ends with 0 after SIGTERM is checked behind the tests of each file.
const server = useServerForTestFile();

const ANSWER_DEADLINE_MS = 30_000;

test('should_serve_real_clients_after_as_many_cut_surrogate_pairs_as_cores', async () => {
  const [user] = await createUsersWithRoles(server, 'STUDENT');
  const url = `${server.url}/socket.io/?EIO=3&transport=polling`;
  const freeze = async () => {
    const open = await (await fetch(url)).text();
    const { sid } = JSON.parse(open.slice(open.indexOf('{')));
    // Length one in UTF-16 units, and a character that has two.
    const answer = await fetch(`${url}&sid=${sid}`, { method: 'POST', body: '1:🦉x', signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
    assert.equal(answer.status, 400);
  };
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, freeze));
  const health = await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
  assert.equal(health.status, 200);
  for (const release of ['2.5', 'current']) {
    for (const mode of ['polling', 'websocket', 'upgrade']) {
      await connectSocketAsUser(server, user, { release, mode });
    }
  }
});

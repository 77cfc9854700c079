// The stock socket.io-client in other runtimes than Node: their own fetch, sockets and timers are under it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCommentAsUser, createIncidentAsUser } from './helpers/api.mjs';
import { defineCompatibilityCasesForClients, defineRestartCaseForClients } from './helpers/compatibilityCases.mjs';
import { useForeignClientsForTestFile } from './helpers/foreignClients.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { waitForEvent } from './helpers/waitForEvent.mjs';

const RIGHTS_IN_DENO = ['--no-prompt', '--allow-net', '--allow-env', '--allow-read', '--allow-sys'];
// It takes the packages that npm has installed, and asks nobody for others.
const PACKAGES_IN_DENO = ['--node-modules-dir=manual', '--no-lock', '--no-remote', '--cached-only'];

function locateProgramOfPackage(name) {
  return fileURLToPath(new URL(`node_modules/.bin/${name}`, import.meta.url));
}

function defineRecoveryCaseOfRuntime(server, people, options) {
  test('should_recover_by_itself_what_it_missed', async (context) => {
    const line = await openNetworkLineToServer(server);
    context.after(() => line.close());
    const incident = await createIncidentAsUser(server, people.bob);
    const client = await connectSocketAsUser(server, people.ada, { ...options, url: line.url });
    assert.equal(client.recovered, false);
    await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    await fenceClientsWithNewIncident(server, client);
    const [{ id }, since] = [client, client.position];
    line.cut();
    await waitForEvent(client, '$disconnect', { since });
    const missed = await createCommentAsUser(server, people.bob, incident.id);
    line.mend();
    await waitForEvent(client, 'events:resumed', { since });
    assert.equal(client.recovered, true);
    assert.equal(client.id, id);
    assert.deepEqual(client.payloadsOf('comment:created', since).map(({ comment }) => comment.id), [missed.id]);
    for (const { payload, more } of client.heard.filter(({ payload }) => payload.eventId)) {
      assert.deepEqual(more, [payload.eventId], 'the position is the last argument');
    }
  });
}

const bun = useForeignClientsForTestFile(() => [locateProgramOfPackage('bun'), ['client.mjs', 'Bun']]);
const deno = useForeignClientsForTestFile(() => [
  locateProgramOfPackage('deno'),
  ['run', '--quiet', ...RIGHTS_IN_DENO, ...PACKAGES_IN_DENO, 'client.mjs', 'Deno'],
]);

const clients = defineCompatibilityCasesForClients(
  { 'socket.io-client in Bun': { foreign: bun }, 'socket.io-client in Deno': { foreign: deno } },
  defineRecoveryCaseOfRuntime,
);

defineRestartCaseForClients(clients);

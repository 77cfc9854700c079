// The receiver of docs/INTEGRATIONS.md, which checks signatures with the library that others use, called by the real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { createIncidentAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile({ env: { WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1' } });

/** The code block of the document that begins with this comment. */
async function readSnippetOfDocument(firstLine) {
  const text = await readFile(new URL('../docs/INTEGRATIONS.md', import.meta.url), 'utf8');
  const [, snippet] = text.split('```js\n').find((part) => part.startsWith(firstLine))?.match(/^([\s\S]*?)\n```/) ?? [];
  assert.ok(snippet, `docs/INTEGRATIONS.md has no code that begins with ${firstLine}`);
  return snippet;
}

/** Runs the receiver in a process of its own; `printed` grows with what it writes. */
async function startReceiverWithSecret(context, secret) {
  // Here, where its import is found.
  const file = fileURLToPath(new URL(`receiver-${randomUUID()}.mjs`, import.meta.url));
  await writeFile(file, await readSnippetOfDocument('// receiver.mjs'));
  const child = spawn(process.execPath, [file], { env: { ...process.env, WEBHOOK_SECRET: secret, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(async () => {
    child.kill();
    await once(child, 'exit');
    await rm(file);
  });
  const printed = [];
  createInterface({ input: child.stdout }).on('line', (line) => printed.push(line));
  const listening = await waitUntilConditionHolds('the receiver listens', () => printed.find((line) => line.startsWith('listening on ')));
  return { printed, url: `http://127.0.0.1:${listening.split(' ').at(-1)}/` };
}

test('should_be_taken_by_the_receiver_of_the_document_and_by_nobody_with_another_secret', async (context) => {
  const [ada] = await createUsersWithRoles(server, 'STUDENT');
  const body = { name: 'Daily Prophet', url: 'http://127.0.0.1:9/', enabled: false };
  const webhook = await requestApiExpectingStatus(201, server, server.auror, 'POST', '/api/webhooks', body);
  const path = `/api/webhooks/${webhook.id}`;
  const another = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const [wrong, right] = [await startReceiverWithSecret(context, another), await startReceiverWithSecret(context, webhook.secret)];
  const incident = await createIncidentAsUser(server, ada);

  await requestApiExpectingStatus(200, server, server.auror, 'PATCH', path, { url: wrong.url, enabled: true });
  const failing = await waitUntilConditionHolds('a refused delivery', async () => {
    const { webhooks } = await requestApiExpectingStatus(200, server, server.auror, 'GET', '/api/webhooks');
    return webhooks.find(({ id, outlet }) => id === webhook.id && outlet.lastError)?.outlet;
  });
  assert.equal(failing.lastError, 'it answered 401 Unauthorized');

  await requestApiExpectingStatus(200, server, server.auror, 'PATCH', path, { url: right.url });
  const told = await waitUntilConditionHolds('the delivery', () => right.printed.find((line) => line.startsWith('incident.created ')));
  const { events } = await requestApiExpectingStatus(200, server, ada, 'GET', '/api/events?after=0');
  const created = events.find(({ payload }) => payload.incident?.id === incident.id);
  assert.equal(told, `incident.created ${created.eventId}`);
  assert.deepEqual(wrong.printed.length, 1, 'nothing but that it listens');
});

test('should_give_a_secret_that_the_library_takes', async () => {
  const body = { name: 'Quibbler', url: 'https://quibbler.example.org/', enabled: false };
  const { secret } = await requestApiExpectingStatus(201, server, server.auror, 'POST', '/api/webhooks', body);
  const webhook = new Webhook(secret);
  const now = new Date();
  const headers = { 'webhook-id': '1', 'webhook-timestamp': String(Math.floor(now / 1000)), 'webhook-signature': webhook.sign('1', now, '{}') };
  assert.deepEqual(webhook.verify('{}', headers), {});
});

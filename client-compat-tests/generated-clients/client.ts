// What an application in TypeScript does with the types generated from the served document. It is type-checked, then
// run against the server: `node client.js URL EMAIL`. It prints `done` when all was as expected.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, operations, paths } from './owlpost.js';

type Incident = components['schemas']['Incident'];
type NewIncident = operations['createIncident']['requestBody']['content']['application/json'];

const [url, email] = process.argv.slice(2) as [string, string];
const password = 'alohomora-for-generated-clients';
let token: string | undefined;
// Of an operation that also answers a stream, the JSON is meant.
const client = createClient<paths, 'application/json'>({ baseUrl: url });
client.use({
  onRequest({ request }) {
    if (token) request.headers.set('Authorization', `Bearer ${token}`);
  },
});

/** The data of an answer that must be a success. */
function expectData<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  assert.ok(answer.data !== undefined, `${answer.response.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
}

const registered = expectData(await client.POST('/api/auth/register', { body: { email, name: 'Luna Lovegood', password } }));
assert.equal(registered.user.role, 'STUDENT');
const login = expectData(await client.POST('/api/auth/login', { body: { email, password } }));
const handle = email.slice(0, email.indexOf('@'));
token = login.accessToken;

const report: NewIncident = { title: 'Nargles in the library', severity: 'CRITICAL' };
// @ts-expect-error the word on the wire is in capitals
const misspelt: NewIncident['severity'] = 'Critical';
assert.notEqual(misspelt, report.severity);
const incident: Incident = expectData(await client.POST('/api/incidents', { body: report }));
assert.equal(incident.severity, 'CRITICAL');
assert.equal(incident.assignee, null);
assert.ok(Math.abs(Date.parse(incident.createdAt) - Date.now()) < 3_600_000);

const list = expectData(await client.GET('/api/incidents', { params: { query: { status: ['OPEN', 'IN_PROGRESS'], limit: 10 } } }));
assert.deepEqual(list.incidents.map(({ id }) => id).filter((id) => id === incident.id), [incident.id]);
const none = expectData(await client.GET('/api/incidents', { params: { query: { status: ['RESOLVED'], q: 'nargles' } } }));
assert.deepEqual(none.incidents, []);

const path = { params: { path: { id: incident.id } } };
const comment = expectData(await client.POST('/api/incidents/{id}/comments', { ...path, body: { content: 'I saw one too' } }));
assert.equal(comment.author.id, login.user.id);
const shown = expectData(await client.GET('/api/incidents/{id}', path));
assert.equal(shown.commentsCount, 1);

const friend = expectData(await client.POST('/api/auth/register', { body: { email: `friend.of.${email}`, name: 'Neville', password } }));
const asFriend = { headers: { Authorization: `Bearer ${friend.accessToken}` } };
const another = createClient<paths, 'application/json'>({ baseUrl: url, ...asFriend });
expectData(await another.POST('/api/incidents/{id}/comments', { ...path, body: { content: `@${handle} look behind you` } }));
const mine = expectData(await client.GET('/api/notifications', { params: { query: { unread: true } } }));
assert.deepEqual(mine.notifications.map(({ type, readAt }) => [type, readAt]), [['mention', null]]);
const [mention] = mine.notifications;
const read = expectData(await client.PATCH('/api/notifications/{id}/read', { params: { path: { id: mention!.id } } }));
assert.ok(read.isRead && read.readAt);

const resolution = expectData(await client.DELETE('/api/incidents/{id}', { ...path, body: { resolution: 'They left' } }));
assert.equal(resolution.incident.status, 'RESOLVED');
const again = await client.DELETE('/api/incidents/{id}', path);
assert.equal(again.response.status, 409);
assert.equal(again.error?.error.code, 'CONFLICT');
const missing = await client.GET('/api/incidents/{id}', { params: { path: { id: '00000000-0000-7000-8000-000000000000' } } });
assert.equal(missing.response.status, 404);
assert.equal(missing.error?.error.code, 'NOT_FOUND');
const refused = await client.POST('/api/incidents', { body: { title: '' } });
assert.equal(refused.error?.error.code, 'VALIDATION_ERROR');
assert.equal(refused.error?.error.details?.field, 'title');

const told: string[] = [];
for (let after = '0'; ; ) {
  const page = expectData(await client.GET('/api/events', { params: { query: { after, limit: 100 } } }));
  for (const entry of page.events) {
    // The name tells the type of the payload.
    if (entry.event === 'incident:created' && entry.payload.incident.id === incident.id) told.push(entry.event);
    if (entry.event === 'incident:resolved' && entry.payload.incidentId === incident.id) told.push(entry.payload.resolution);
  }
  if (page.events.length === 0) break;
  after = page.lastEventId;
}
assert.deepEqual(told, ['incident:created', 'They left']);
console.log('done');

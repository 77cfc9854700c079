// The code of docs/clients/signalr.md is checked against the types of the library and of the hub, and run.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser } from './helpers/api.mjs';
import { HUB_PATH } from './helpers/hubTestClient.mjs';
import { compileCodeOfPage } from './helpers/pageCode.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();
const compiled = compileCodeOfPage('signalr');
after(() => compiled.remove());

/** The first value of an observable that matches. */
function firstOf(observable, match = () => true) {
  let subscription;
  const arrived = new Promise((resolve) => {
    subscription = observable.subscribe((value) => match(value) && resolve(value));
  });
  return settleBeforeGivenDeadline(arrived, () => 'nothing that matches came').finally(() => subscription.unsubscribe());
}

test('should_connect_join_type_stream_and_resume_as_the_page_says', async (context) => {
  const { IncidentService } = await compiled.load();
  const [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
  const line = await openNetworkLineToServer(server);
  context.after(() => line.close());
  const services = [ada, bob].map((user) => new IncidentService(`${user === ada ? line.url : server.url}${HUB_PATH}`, () => user.token));
  context.after(() => Promise.all(services.map((service) => service.stop())));
  const [hers, his] = services;
  await Promise.all(services.map((service) => service.start()));
  const created = firstOf(hers.on('IncidentCreated'));
  const incident = await createIncidentAsUser(server, bob);
  const { eventId } = await created;
  assert.equal((await hers.view(incident.id)).count, 1);
  const joined = firstOf(hers.on('PresenceJoin'), ({ userId, room }) => userId === bob.id && room !== undefined);
  assert.equal((await his.view(incident.id)).count, 2);
  await joined;
  const typing = firstOf(hers.on('PresenceTyping'), ({ isTyping }) => isTyping);
  await his.type(incident.id);
  assert.equal((await typing).userId, bob.id);

  const items = [];
  const stream = hers.events(String(BigInt(eventId) - 1n), [`incident:${incident.id}`]).subscribe((item) => items.push(item));
  await waitUntilConditionHolds('the replay is over', () => items.some(({ event }) => event === 'events:resumed'));
  assert.equal(items[0].payload.incident.id, incident.id);
  stream.unsubscribe();

  const heard = [];
  hers.on('CommentCreated').subscribe(({ comment }) => heard.push(comment.id));
  const resumed = firstOf(hers.on('EventsResumed'));
  line.cut();
  const missed = await createCommentAsUser(server, bob, incident.id);
  line.mend();
  assert.equal((await resumed).complete, true);
  const next = await createCommentAsUser(server, bob, incident.id);
  await waitUntilConditionHolds('what is new comes behind what was missed', () => heard.length === 2);
  assert.deepEqual(heard, [missed.id, next.id], 'also of the room it was in');
});

// The code of docs/clients/stomp.md is checked against the types of the library, and run.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchIncidentPresenceAsUser } from './helpers/api.mjs';
import { compileCodeOfPage } from './helpers/pageCode.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { STOMP_PATH, buildSocketFactory } from './helpers/stompTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();
const compiled = compileCodeOfPage('stomp');
after(() => compiled.remove());

const WAYS = {
  websocket: (url) => `${url.replace('http', 'ws')}${STOMP_PATH}`,
  sockjs: (url) => buildSocketFactory(server, { url, mode: 'sockjs-xhr-streaming' }),
};

for (const [way, buildUrl] of Object.entries(WAYS)) {
  test(`should_listen_call_type_and_resume_as_the_page_says_over_${way}`, async (context) => {
    const { IncidentStomp } = await compiled.load();
    const [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const line = await openNetworkLineToServer(server);
    context.after(() => line.close());
    const [hers, his] = [new IncidentStomp(buildUrl(line.url), () => ada.token), new IncidentStomp(buildUrl(server.url), () => bob.token)];
    context.after(() => Promise.all([hers.stop(), his.stop()]));
    const heard = { hers: [], his: [] };
    const incident = await createIncidentAsUser(server, bob);
    hers.listen(`/topic/incident/${incident.id}`, (message) => heard.hers.push(message));
    const stopListening = his.listen(`/topic/incident/${incident.id}`, (message) => heard.his.push(message));
    const waitFor = (list, match) => waitUntilConditionHolds('a message that matches', () => list.find(match), { deadlineMs: 30_000 });
    hers.start();
    await waitUntilConditionHolds('she is there', async () => (await fetchIncidentPresenceAsUser(server, bob, incident.id)).count === 1);
    his.start();
    await waitFor(heard.hers, ({ event, payload }) => event === 'presence.join' && payload.userId === bob.id);
    const room = `incident:${incident.id}`;
    assert.equal((await hers.call('room.join', { room })).count, 2);
    await assert.rejects(hers.call('room.join', { room: 'dungeon' }), /^Error: FORBIDDEN: /);
    his.type(incident.id);
    await waitFor(heard.hers, ({ event, payload }) => event === 'presence.typing' && payload.userId === bob.id && payload.isTyping);

    const seen = await createCommentAsUser(server, bob, incident.id);
    await waitFor(heard.hers, ({ payload }) => payload.comment?.id === seen.id);
    line.cut();
    const missed = await createCommentAsUser(server, bob, incident.id);
    await waitFor(heard.his, ({ payload }) => payload.comment?.id === missed.id);
    line.mend();
    await waitFor(heard.hers, ({ event, payload }) => event === 'events.resumed' && payload.complete);
    const next = await createCommentAsUser(server, bob, incident.id);
    await waitFor(heard.hers, ({ payload }) => payload.comment?.id === next.id);
    const comments = heard.hers.filter(({ payload }) => payload.comment).map(({ payload }) => payload.comment.id);
    assert.deepEqual(comments, [seen.id, missed.id, next.id]);
    stopListening();
    await waitFor(heard.hers, ({ event, payload }) => event === 'presence.leave' && payload.userId === bob.id);
  });
}

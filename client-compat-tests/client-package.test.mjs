// @owlpost/client as an application gets it: packed, installed into an empty project, type-checked, run, and through everything a line does.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createCommentAsUser, createIncidentAsUser, fetchIncidentPresenceAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { createUserWithRole, createUsersWithRoles, TEST_PASSWORD } from './helpers/users.mjs';
import { waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const PACKAGE = fileURLToPath(new URL('../packages/client', import.meta.url));
const STEP_DEADLINE_MS = 120_000;
const LOADED_MODULE = 'node_modules/@owlpost/client/dist/index.js';

const server = useServerForTestFile({ demo: true });
let project;
let owlpost;

/** Runs a program to its end; fails with all it printed unless it exits with 0. Returns its standard output. */
async function runProgramInDirectory(cwd, program, ...args) {
  try {
    return (await promisify(execFile)(program, args, { cwd, timeout: STEP_DEADLINE_MS })).stdout;
  } catch (error) {
    return assert.fail(`${[program, ...args].join(' ')}\n${error.message}\n${error.stdout ?? ''}`);
  }
}

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'owlpost-app-'));
  const [packed] = JSON.parse(await runProgramInDirectory(PACKAGE, 'npm', 'pack', '--json', '--silent', '--pack-destination', project));
  await writeFile(join(project, 'package.json'), '{ "name": "app", "private": true, "type": "module" }');
  const { devDependencies } = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'));
  const compiler = `typescript@${devDependencies.typescript}`;
  await runProgramInDirectory(project, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', `./${packed.filename}`, compiler);
  owlpost = await import(pathToFileURL(join(project, LOADED_MODULE)));
});

after(() => project && rm(project, { recursive: true, force: true }));

describe('The package', () => {
  test('should_hold_what_it_says_and_resolve_in_every_tool_that_knows_esm', async () => {
    await runProgramInDirectory(PACKAGE, 'npm', 'run', 'check:package', '--silent');
  });

  test('should_type_check_and_run_the_program_of_its_readme', async (context) => {
    const [, program] = /## Twenty lines[\s\S]*?```ts\n([\s\S]*?)```/.exec(await readFile(join(PACKAGE, 'README.md'), 'utf8'));
    assert.ok(program.trimEnd().split('\n').length <= 20, 'it says twenty lines');
    await writeFile(join(project, 'app.ts'), program.replace('http://localhost:4001', server.url));
    const options = { strict: true, exactOptionalPropertyTypes: true, target: 'es2022', types: [] };
    for (const [module, moduleResolution] of [['esnext', 'bundler'], ['nodenext', 'nodenext']]) {
      await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, module, moduleResolution }, files: ['app.ts'] }));
      await runProgramInDirectory(project, process.execPath, join(project, 'node_modules/typescript/bin/tsc'), '--project', '.');
    }

    const child = spawn(process.execPath, ['app.js'], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
    context.after(() => child.kill('SIGKILL'));
    let printed = '';
    for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (text) => (printed += text));
    const expectLines = (...lines) =>
      waitUntilConditionHolds('the program prints what it hears', () => lines.every((line) => printed.match(line)), { deadlineMs: 20_000 }).catch(
        (error) => assert.fail(`${error.message}\n${printed}`),
      );
    await expectLines('The link is live', /\d+ incidents are open/, 'Looking at it: 1', 'Percy Weasley: I thought you ought to know');
    await createIncidentAsUser(server, await createUserWithRole(server), { title: 'Nargles again' });
    await expectLines('Reported: Nargles again');
    await waitUntilConditionHolds('the program has taken its incident', async () => {
      const { incidents } = await requestApiExpectingStatus(200, server, server.auror, 'GET', '/api/incidents?q=Troll+in+the+dungeon');
      return incidents.some(({ acknowledgedBy }) => acknowledgedBy?.name === 'Percy Weasley');
    });
    assert.equal(child.exitCode, null, 'it goes on until it is ended');
  });
});

/** A client of the package for `user`, with what it heard on record: positions of events, and `!` before what must be fetched. */
function openClientWithRecord(context, url, user, options = {}) {
  const heard = [];
  const client = owlpost.createOwlPost({ url, token: user?.token, ...options });
  client.onEvent(({ name, payload }) => heard.push({ name, payload }));
  client.onRefetch((reason) => heard.push({ name: `!${reason}` }));
  context.after(() => client.disconnect());
  const status = (wanted) => waitUntilConditionHolds(`the link is ${wanted}`, () => client.link.get().status === wanted, { deadlineMs: 30_000 });
  const titles = () => heard.filter(({ name }) => name === 'incident:created').map(({ payload }) => payload.incident.title);
  return { client, heard, titles, status, refetches: () => heard.map(({ name }) => name).filter((name) => name.startsWith('!')) };
}

async function reportIncidentsInOrder(user, prefix, count) {
  const titles = Array.from({ length: count }, (_, n) => `${prefix} ${n}`);
  for (const title of titles) await createIncidentAsUser(server, user, { title });
  return titles;
}

function assertEveryEventOnceInOrder(heard) {
  const positions = heard.flatMap(({ payload }) => (payload ? [BigInt(payload.eventId)] : []));
  assert.ok(positions.every((position, n) => n === 0 || position > positions[n - 1]), positions.join(', '));
}

describe('A client of the package', () => {
  let ada, bob, line;

  beforeEach(async (context) => {
    [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    line = await openNetworkLineToServer(server);
    context.after?.(() => line.close());
  });

  test('should_hear_everything_once_and_in_order_over_cuts', async (context) => {
    const { client, heard, titles, status, refetches } = openClientWithRecord(context, line.url, ada);
    client.connect();
    await status('live');
    const expected = [];
    for (const round of ['First', 'Second', 'Third']) {
      expected.push(...(await reportIncidentsInOrder(bob, `${round} heard`, 3)));
      await waitUntilConditionHolds('what happens is heard', () => titles().length === expected.length);
      line.cut();
      await status('reconnecting');
      expected.push(...(await reportIncidentsInOrder(bob, `${round} missed`, 20)));
      line.mend();
      await status('live');
    }
    assert.deepEqual(titles(), expected);
    assertEveryEventOnceInOrder(heard);
    assert.deepEqual(refetches(), ['!connected']);
    assert.equal(client.link.get().catchUps, 3);
    assert.equal(client.link.get().caughtUp, 20);
  });

  test('should_find_out_that_nobody_is_there_and_come_back', async (context) => {
    const { client, titles, status } = openClientWithRecord(context, line.url, ada);
    client.connect();
    await status('live');
    // Neither end is told: only the missing heartbeat says so.
    line.swallowOpenConnections();
    const missed = await reportIncidentsInOrder(bob, 'Swallowed', 2);
    await waitUntilConditionHolds('what was missed is heard', () => titles().length === 2, { deadlineMs: 30_000 });
    assert.deepEqual(titles(), missed);
  });

  for (const end of ['stopProcessAndCheckExit', 'killProcessWithoutAnyWarning']) {
    test(`should_go_on_where_it_was_after_${end}`, async (context) => {
      const { client, heard, titles, status, refetches } = openClientWithRecord(context, server.url, ada);
      client.connect();
      await status('live');
      const before = await reportIncidentsInOrder(bob, `Before ${end}`, 2);
      await waitUntilConditionHolds('what happens is heard', () => titles().length === 2);
      await server[end]();
      await status('reconnecting');
      await server.startProcessAndAwaitListening(server.port);
      const later = await reportIncidentsInOrder(bob, `After ${end}`, 2);
      await waitUntilConditionHolds('what is new is heard', () => titles().length === 4, { deadlineMs: 30_000 });
      assert.deepEqual(titles(), [...before, ...later]);
      assertEveryEventOnceInOrder(heard);
      assert.deepEqual(refetches(), ['!connected']);
    });
  }

  test('should_be_told_to_fetch_what_the_server_does_not_replay', async (context) => {
    await runTestWithOwnServer({ env: { REPLAY_LIMIT: '5' } }, async (own) => {
      const [eve, dan] = await createUsersWithRoles(own, 'STUDENT', 'STUDENT');
      const ownLine = await openNetworkLineToServer(own);
      const { client, titles, status, refetches } = openClientWithRecord(context, ownLine.url, eve);
      client.connect();
      await status('live');
      ownLine.cut();
      await status('reconnecting');
      for (let n = 0; n < 10; n += 1) await createIncidentAsUser(own, dan, { title: `Too many ${n}` });
      ownLine.mend();
      await status('live');
      assert.deepEqual(refetches(), ['!connected', '!gap']);
      await createIncidentAsUser(own, dan, { title: 'Behind the gap' });
      await waitUntilConditionHolds('events go on behind it', () => titles().length === 1);
      client.disconnect();
      ownLine.close();
    });
  });

  test('should_view_an_incident_again_and_hear_what_was_said_there', async (context) => {
    const incident = await createIncidentAsUser(server, bob);
    const { client, heard, status } = openClientWithRecord(context, line.url, ada);
    const joins = [];
    const viewing = client.view(incident.id, ({ users }) => joins.push(users.map(({ id }) => id)));
    client.connect();
    assert.equal((await viewing.joined).count, 1);
    const said = [(await createCommentAsUser(server, bob, incident.id)).id];
    const comments = () => heard.filter(({ name }) => name === 'comment:created').map(({ payload }) => payload.comment.id);
    await waitUntilConditionHolds('what is said is heard', () => comments().length === 1);
    line.cut();
    await status('reconnecting');
    said.push((await createCommentAsUser(server, bob, incident.id)).id);
    line.mend();
    await waitUntilConditionHolds('the room is entered again', () => joins.length === 2);
    said.push((await createCommentAsUser(server, bob, incident.id)).id);
    await waitUntilConditionHolds('what is said is heard again', () => comments().length === 3);
    assert.deepEqual(comments(), said);
    assert.deepEqual(joins, [[ada.id], [ada.id]]);
    viewing.leave();
    await waitUntilConditionHolds('nobody is there', async () => (await fetchIncidentPresenceAsUser(server, bob, incident.id)).count === 0);
    await assert.rejects(client.view('nothing').joined, { name: 'OwlPostError', code: 'VALIDATION_ERROR' });
  });

  test('should_fail_with_the_codes_of_the_server', async (context) => {
    const { client, status } = openClientWithRecord(context, line.url, ada);
    const nothing = { incidentId: '00000000-0000-4000-8000-000000000000' };
    await assert.rejects(client.call('incident:acknowledge', nothing), { code: 'NETWORK' });
    client.connect();
    await status('live');
    await assert.rejects(client.call('incident:acknowledge', nothing), { code: 'NOT_FOUND' });
    await assert.rejects(client.rest.get('/api/incidents/{id}', { path: { id: nothing.incidentId } }), { code: 'NOT_FOUND', status: 404 });
    const report = { body: { title: 'Once' }, idempotencyKey: owlpost.createRandomKeyForRequest() };
    const [first, again] = [await client.rest.post('/api/incidents', report), await client.rest.post('/api/incidents', report)];
    assert.equal(again.id, first.id);
    line.cut();
    await assert.rejects(client.rest.get('/api/incidents'), { code: 'NETWORK', status: 0 });
  });

  test('should_give_a_refused_token_up', async (context) => {
    const { client, status } = openClientWithRecord(context, line.url, { token: 'owl_nobody' });
    client.connect();
    await status('refused');
    await assert.rejects(client.rest.get('/api/incidents'), { code: 'UNAUTHENTICATED', status: 401 });
  });
});

describe('A login of the package', () => {
  /** A client that is logged in to a server whose tokens are short-lived. */
  const runWithShortTokens = (context, use) =>
    runTestWithOwnServer({ env: { ACCESS_TOKEN_TTL: '3000' } }, async (own) => {
      const line = await openNetworkLineToServer(own);
      const user = await createUserWithRole(own);
      const opened = openClientWithRecord(context, line.url, null);
      await opened.client.logIn({ email: user.email, password: TEST_PASSWORD });
      const report = (title) => opened.client.rest.post('/api/incidents', { body: { title } });
      try {
        await use({ ...opened, line, own, report });
      } finally {
        opened.client.disconnect();
        line.close();
      }
    });

  test('should_be_renewed_over_the_living_connection', (context) =>
    runWithShortTokens(context, async ({ client, titles, status, report }) => {
      client.connect();
      await status('live');
      const tokens = new Set();
      let broken = 0;
      client.onDisconnect(() => (broken += 1));
      await waitUntilConditionHolds('there were three tokens', () => tokens.add(client.session.get().accessToken).size >= 3, { deadlineMs: 30_000 });
      await report('With the third token');
      await waitUntilConditionHolds('the connection hears it', () => titles().length === 1);
      assert.equal(broken, 0);
    }));

  test('should_be_renewed_when_its_token_expired_while_away', (context) =>
    runWithShortTokens(context, async ({ client, titles, status, refetches, line, own, report }) => {
      client.connect();
      await status('live');
      const { accessToken, expiresAt } = client.session.get();
      line.cut();
      await status('reconnecting');
      await createIncidentAsUser(own, own.auror, { title: 'While away' }).catch(() => undefined);
      await waitUntilConditionHolds('the token has expired', () => Date.now() > expiresAt + 1000);
      line.mend();
      await status('live');
      assert.notEqual(client.session.get().accessToken, accessToken);
      await report('Back again');
      await waitUntilConditionHolds('what is new is heard', () => titles().includes('Back again'));
      assert.deepEqual(refetches(), ['!connected']);
    }));

  test('should_end_with_the_login', (context) =>
    runWithShortTokens(context, async ({ client, status, own }) => {
      client.connect();
      await status('live');
      await fetch(`${own.url}/api/auth/logout`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ refreshToken: client.session.get().refreshToken }),
      });
      await status('refused');
      assert.equal(client.session.get(), null);
    }));
});

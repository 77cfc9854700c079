// Two nodes behind the balancers of deploy/: whoever polls comes back to their node, and a house behind one address is on both.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { io } from 'socket.io-client';
import { requestApiAsUser } from './helpers/api.mjs';
import { findFreePortOnLoopback, isProgramInstalled } from './helpers/companions.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { RedisTestServer, isRedisServerInstalled } from './helpers/redis.mjs';
import { OwlPostServer } from './helpers/server.mjs';
import { createUserWithRole } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const CLIENTS = 12;
const DEPLOY = new URL('../deploy/', import.meta.url);

/** The published file, with the addresses of these nodes; the rest as it is. */
const BALANCERS = {
  haproxy: {
    isInstalled: () => isProgramInstalled('haproxy', '-v'),
    async start(directory, port, nodes) {
      let text = await readFile(new URL('haproxy.cfg', DEPLOY), 'utf8');
      text = text.slice(0, text.indexOf('\nresolvers docker')).replaceAll(' resolvers docker init-addr libc,none', '');
      text = text.replace('maxconn 50000', 'maxconn 1000').replace('bind :4001', `bind 127.0.0.1:${port}`).replaceAll(/node([12]):4001/g, (_, n) => `127.0.0.1:${nodes[n - 1].port}`);
      const file = join(directory, 'haproxy.cfg');
      await writeFile(file, `${text}\n`);
      return spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
    },
  },
  nginx: {
    isInstalled: () => isProgramInstalled('nginx', '-v'),
    async start(directory, port, nodes) {
      let text = await readFile(new URL('nginx.conf', DEPLOY), 'utf8');
      text = text.replace('listen 80;', `listen 127.0.0.1:${port};`);
      const servers = nodes.map((node) => `server 127.0.0.1:${node.port} max_fails=1 fail_timeout=5s;`);
      text = text.replace('server 127.0.0.1:4001 max_fails=1 fail_timeout=5s;', servers.join('\n    '));
      await writeFile(join(directory, 'site.conf'), text);
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(' ');
      const file = join(directory, 'nginx.conf');
      await writeFile(file, `daemon off;\npid ${directory}/pid;\nerror_log stderr;\nevents {}\nhttp { access_log off; ${temporary} include ${directory}/site.conf; }\n`);
      return spawn('nginx', ['-c', file], { stdio: 'ignore' });
    },
  },
};

/** A browser on a page of the server: it says so, and keeps cookies. */
async function openPollingSessionOfBrowser(url) {
  const headers = { 'sec-fetch-site': 'same-origin' };
  const page = await fetch(`${url}/api/meta`, { headers });
  await page.text();
  const cookie = page.headers.getSetCookie().map((set) => set.split(';')[0]).join('; ');
  assert.match(cookie, /owlpost_node=/i, 'a browser is given a cookie at its first request');
  headers.cookie = cookie;
  const opened = await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers })).text();
  const { sid } = JSON.parse(opened.slice(1));
  for (let posts = 0; posts < 3; posts += 1) {
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', headers, body: '3' });
    assert.equal(answer.status, 200, await answer.text());
  }
  return cookie;
}

async function countSessionsOfNode(node) {
  const text = await (await fetch(`${node.url}/metrics`)).text();
  return Number(/^owlpost_sessions (\d+)/m.exec(text)?.[1]);
}

for (const [name, balancer] of Object.entries(BALANCERS)) {
  const skip = !ADMIN_DATABASE_URL || !isRedisServerInstalled() || !balancer.isInstalled();
  describe(`Two nodes behind ${name}`, { skip: skip && `needs a Postgres server, redis-server and ${name}` }, () => {
    const redis = new RedisTestServer();
    const nodes = [];
    const sockets = [];
    let directory, process, url, user;

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'owlpost-balancer-'));
      await redis.startRedisAndAwaitReady();
      const one = new OwlPostServer({ env: { REDIS_URL: redis.url, TRUSTED_PROXIES: '127.0.0.0/8' } });
      nodes.push(one);
      await one.createDatabaseAndStartProcess();
      const two = new OwlPostServer({ env: one.options.env });
      nodes.push(two);
      await two.startAsAnotherNodeOf(one);
      const port = await findFreePortOnLoopback();
      process = await balancer.start(directory, port, nodes);
      url = `http://127.0.0.1:${port}`;
      user = await createUserWithRole(one);
      const answers = async () => (await fetch(`${url}/health`).catch(() => ({ status: 0 }))).status === 200;
      await waitUntilConditionHolds(`${name} answers`, answers);
    });
    after(async () => {
      sockets.forEach((socket) => socket.close());
      process?.kill();
      for (const node of nodes.toReversed()) {
        await node.stopProcessAndCheckExit();
        await node.removeDatabaseAndItsFiles();
      }
      await redis.stopRedisAndAwaitExit();
      await rm(directory, { recursive: true, force: true });
    });

    const open = (options) => {
      const socket = io(url, { forceNew: true, reconnection: false, auth: { token: user.token }, ...options });
      sockets.push(socket);
      const connected = new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', reject);
      });
      return settleBeforeGivenDeadline(connected, () => `no connection through ${name} with ${JSON.stringify(options)}`);
    };

    test('should bring every client that polls back to its node', async () => {
      for (let client = 0; client < 3; client += 1) await open({ transports: ['polling'] });
      // Upgraded: the websocket is of the session.
      for (let client = 0; client < 3; client += 1) await open({});
    });

    test('should put browsers and websockets of one address on both nodes', async () => {
      const cookies = new Set();
      for (let browser = 0; browser < CLIENTS; browser += 1) cookies.add(await openPollingSessionOfBrowser(url));
      assert.ok(cookies.size > 1, [...cookies].join());
      const before = await Promise.all(nodes.map(countSessionsOfNode));
      for (let client = 0; client < CLIENTS; client += 1) await open({ transports: ['websocket'] });
      const sessions = await Promise.all(nodes.map(countSessionsOfNode));
      sessions.forEach((count, node) => assert.ok(count > before[node], `${before} became ${sessions}`));
    });

    test('should let a page of its own address connect', async () => {
      const origin = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin: url } });
      assert.equal(origin.status, 200, await origin.text());
      assert.equal((await requestApiAsUser({ url }, user, 'GET', '/api/incidents')).status, 200);
    });
  });
}

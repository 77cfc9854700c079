// `owlpost doctor --url`: what proxies get wrong is found from outside, one finding for each, and nothing where all is right.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { OwlPostServer, runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';

const server = useServerForTestFile();
const proxies = [];

/** A proxy before `nodes`, in turn; `faults`: `host`, `upgrade`, `buffer`. */
async function startProxyWithFaults(nodes, ...faults) {
  let next = 0;
  const chooseNode = () => new URL(nodes[(next += 1) % nodes.length].url);
  const headersOf = ({ headers }, node) => (faults.includes('host') ? { ...headers, host: node.host } : headers);
  const proxy = createServer((asked, answer) => {
    const node = chooseNode();
    const options = { host: node.hostname, port: node.port, path: asked.url, method: asked.method, headers: headersOf(asked, node) };
    const passed = httpRequest(options, (response) => {
      if (!faults.includes('buffer')) {
        answer.writeHead(response.statusCode, response.headers);
        response.pipe(answer);
        return;
      }
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
        answer.writeHead(response.statusCode, response.headers).end(Buffer.concat(chunks));
      });
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  proxy.on('upgrade', (asked, socket) => {
    socket.on('error', () => undefined);
    if (faults.includes('upgrade')) {
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const node = chooseNode();
    const lines = Object.entries(headersOf(asked, node)).map(([name, value]) => `${name}: ${value}\r\n`);
    const passed = connect(Number(node.port), node.hostname, () => passed.write(`GET ${asked.url} HTTP/1.1\r\n${lines.join('')}\r\n`));
    passed.on('error', () => socket.destroy());
    passed.pipe(socket).pipe(passed);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  proxies.push(proxy);
  return `http://127.0.0.1:${proxy.address().port}`;
}

/** What the doctor finds, by subject, and the code it exits with. */
function askDoctorAboutAddress(url) {
  return new Promise((resolve) => {
    execFile(server.binary, ['doctor', '--url', url], { env: { PATH: process.env.PATH } }, (error, stdout) => {
      const lines = stdout.trim().split('\n').map((line) => /^(\S+)\s+(\S+)\s+(.*)$/.exec(line));
      resolve({ code: error?.code ?? 0, found: Object.fromEntries(lines.filter(Boolean).map(([, verdict, subject]) => [subject, verdict])) });
    });
  });
}

describe('A doctor who looks from outside', () => {
  after(() => {
    for (const proxy of proxies) {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  const ALL_RIGHT = { url: 'ok', host: 'ok', stickiness: 'ok', websocket: 'ok', buffering: 'ok' };

  test('finds nothing wrong with a server alone or behind a good proxy', async () => {
    for (const url of [server.url, await startProxyWithFaults([server])]) {
      assert.deepEqual(await askDoctorAboutAddress(url), { code: 0, found: ALL_RIGHT });
    }
  });

  for (const [fault, subject] of [['host', 'host'], ['upgrade', 'websocket'], ['buffer', 'buffering']]) {
    test(`finds a proxy that spoils the ${fault}`, async () => {
      const url = await startProxyWithFaults([server], fault);
      assert.deepEqual(await askDoctorAboutAddress(url), { code: 1, found: { ...ALL_RIGHT, [subject]: 'FAIL' } });
    });
  }

  test('finds a balancer that keeps no client at its node', { skip: !ADMIN_DATABASE_URL }, async () => {
    await runTestWithOwnServer({}, async (one) => {
      const two = new OwlPostServer();
      await two.startAsAnotherNodeOf(one);
      const { code, found } = await askDoctorAboutAddress(await startProxyWithFaults([one, two]));
      await two.stopProcessAndCheckExit();
      await two.removeDatabaseAndItsFiles();
      assert.deepEqual([code, found.stickiness], [1, 'FAIL']);
    });
  });

  test('says so where no Owl Post answers', async () => {
    const other = createServer((_asked, answer) => answer.end('{}')).listen(0, '127.0.0.1');
    proxies.push(other);
    await once(other, 'listening');
    for (const url of [`http://127.0.0.1:${other.address().port}`, 'http://127.0.0.1:9', 'owl.example']) {
      assert.deepEqual(await askDoctorAboutAddress(url), { code: 1, found: { url: 'FAIL' } }, url);
    }
  });
});

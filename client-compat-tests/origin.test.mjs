// Which web pages may talk to the server: CORS for requests, the Origin check for websockets.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { describe, test } from 'node:test';
import { runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser, expectConnectionToBeRefused } from './helpers/socketTestClient.mjs';
import { createUserWithRole } from './helpers/users.mjs';
import { waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const ALLOWED = ['https://castle.example', 'http://localhost:3001'];
const FOREIGN = ['https://evil.example', 'http://localhost:3002', 'https://castle.example.evil.example', 'null', 'http://castle.example'];

let user;
const server = useServerForTestFile({ env: { SOCKET_IO_CORS_ORIGIN: ALLOWED.join(',') } }, async () => {
  user = await createUserWithRole(server, 'STUDENT');
});

/** A polling handshake as a proxy hands it on: fetch would choose the host itself. */
function shakeHandsAsProxy(address, headers) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${address}/socket.io/?EIO=4&transport=polling`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject).end();
  });
}

// As Socket.IO's own recipe for nginx has it, with nginx on port 8080; as most others; and a bare proxy_pass over TLS.
const PROXIED = [
  [{ Host: 'owl.example', Origin: 'http://owl.example:8080', 'X-Forwarded-For': '9.9.9.9' }, 'recipe'],
  [{ Host: '127.0.0.1:4001', Origin: 'https://owl.example', 'X-Forwarded-Host': 'owl.example', 'X-Forwarded-Proto': 'https' }, 'forwarded host'],
  [{ Host: 'inner', Origin: 'https://owl.example', Forwarded: 'for=9.9.9.9;host=owl.example;proto=https' }, 'forwarded'],
];

describe('Origins behind proxies', () => {
  test('should_know_their_own_pages_by_what_a_trusted_proxy_says', async () => {
    await runTestWithOwnServer({ env: { TRUSTED_PROXIES: '127.0.0.1' } }, async (own) => {
      for (const [headers, what] of PROXIED) {
        assert.equal(await shakeHandsAsProxy(own.url, headers), 200, what);
        assert.equal(await shakeHandsAsProxy(own.url, { ...headers, Origin: 'https://evil.example' }), 403, what);
      }
      const person = await createUserWithRole(own, 'STUDENT');
      await connectSocketAsUser(own, person, { mode: 'websocket', headers: PROXIED[0][0] });
    });
  });

  test('should_believe_nobody_else_and_say_so_once', async () => {
    for (const [headers, what] of PROXIED) assert.equal(await shakeHandsAsProxy(server.url, headers), 403, what);
    const countWarnings = () => server.tailOfServerLog().match(/TRUSTED_PROXIES/g)?.length;
    await waitUntilConditionHolds('a warning', () => countWarnings() > 0);
    assert.equal(countWarnings(), 1);
  });

  test('should_believe_browsers_that_a_page_is_the_servers_own', async () => {
    const bare = { Host: '127.0.0.1:4001', Origin: 'https://owl.example', 'Sec-Fetch-Site': 'same-origin' };
    assert.equal(await shakeHandsAsProxy(server.url, bare), 200);
    assert.equal(await shakeHandsAsProxy(server.url, { ...bare, 'Sec-Fetch-Site': 'same-site' }), 403);
  });

  test('should_list_apps_extensions_and_null', async () => {
    const listed = ['capacitor://localhost', 'tauri://localhost', 'chrome-extension://abcdefgh', 'null'];
    await runTestWithOwnServer({ env: { SOCKET_IO_CORS_ORIGIN: listed.join(',') } }, async (own) => {
      for (const origin of listed) assert.equal(await shakeHandsAsProxy(own.url, { Origin: origin }), 200, origin);
      assert.equal(await shakeHandsAsProxy(own.url, { Origin: 'ionic://localhost' }), 403);
    });
  });
});

describe('Origins', () => {
  for (const mode of ['websocket', 'upgrade']) {
    for (const path of ['current', 'msgpack']) {
      for (const origin of ALLOWED) {
        test(`should_accept_${path}_over_${mode}_from_${origin}`, async () => {
          await connectSocketAsUser(server, user, { release: path, mode, headers: { Origin: origin } });
        });
      }

      test(`should_accept_${path}_over_${mode}_without_an_origin_and_from_its_own`, async () => {
        await connectSocketAsUser(server, user, { release: path, mode });
        await connectSocketAsUser(server, user, { release: path, mode, headers: { Origin: server.url } });
      });
    }
  }

  for (const release of ['2.5', 'current', 'msgpack']) {
    for (const origin of FOREIGN) {
      test(`should_refuse_websockets_of_${release}_from_${origin}`, async () => {
        await expectConnectionToBeRefused(server, user.token, { release, mode: 'websocket', headers: { Origin: origin } });
      });
    }
  }

  test('should_answer_polling_with_cors_headers_for_allowed_origins_only', async () => {
    const handshake = (origin) => fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { Origin: origin } });
    for (const origin of ALLOWED) {
      const { headers } = await handshake(origin);
      assert.equal(headers.get('access-control-allow-origin'), origin);
      assert.equal(headers.get('access-control-allow-credentials'), 'true');
    }
    for (const origin of FOREIGN) {
      assert.notEqual((await handshake(origin)).headers.get('access-control-allow-origin'), origin);
    }
  });

  test('should_answer_preflights_of_the_rest_api', async () => {
    const preflight = (origin) =>
      fetch(`${server.url}/api/incidents`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'PATCH',
          'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key,if-match',
        },
      });
    const allowed = await preflight(ALLOWED[0]);
    assert.ok(allowed.ok, `status ${allowed.status}`);
    assert.equal(allowed.headers.get('access-control-allow-origin'), ALLOWED[0]);
    assert.match(allowed.headers.get('access-control-allow-methods'), /PATCH/);
    for (const name of ['authorization', 'content-type', 'idempotency-key', 'if-match']) {
      assert.match(allowed.headers.get('access-control-allow-headers').toLowerCase(), new RegExp(`${name}|\\*`));
    }
    assert.notEqual((await preflight(FOREIGN[0])).headers.get('access-control-allow-origin'), FOREIGN[0]);
  });
});

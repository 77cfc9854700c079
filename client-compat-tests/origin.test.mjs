// Which web pages may talk to the server: CORS for requests, the Origin check for websockets.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser, expectConnectionToBeRefused } from './helpers/socketTestClient.mjs';
import { createUserWithRole } from './helpers/users.mjs';

const ALLOWED = ['https://castle.example', 'http://localhost:3001'];
const FOREIGN = ['https://evil.example', 'http://localhost:3002', 'https://castle.example.evil.example', 'null', 'http://castle.example'];

let user;
const server = useServerForTestFile({ env: { SOCKET_IO_CORS_ORIGIN: ALLOWED.join(',') } }, async () => {
  user = await createUserWithRole(server, 'STUDENT');
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

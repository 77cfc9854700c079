// People of an identity provider: their tokens, signed with keys that it publishes, open every door; its keys may change
// while it runs; and nothing that such a token says of itself is believed before its signature is.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { requestApiAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { runTestWithOwnServer } from './helpers/server.mjs';
import { closeEveryOpenSocketClient, connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { TEST_PASSWORD, createUserWithRole } from './helpers/users.mjs';
import { waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const ISSUER = 'https://id.hogwarts.example/';
const AUDIENCE = 'owl-post';
const ALGORITHMS = {
  RS256: { pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }), sign: (data, key) => sign('sha256', data, key) },
  ES256: {
    pair: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    sign: (data, key) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  },
  EdDSA: { pair: () => generateKeyPairSync('ed25519'), sign: (data, key) => sign(null, data, key) },
};
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A key of the provider. */
class ProviderKey {
  constructor(alg, kid = randomUUID()) {
    Object.assign(this, { alg, kid, ...ALGORITHMS[alg].pair() });
  }

  get jwk() {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, alg: this.alg, use: 'sig' };
  }

  signToken(claims, header = {}) {
    const text = `${encode({ alg: this.alg, kid: this.kid, ...header })}.${encode(claims)}`;
    return `${text}.${ALGORITHMS[this.alg].sign(Buffer.from(text), this.privateKey).toString('base64url')}`;
  }
}

/** The provider: an address that answers with its keys, and counts who asks. */
class Provider {
  keys = [];
  readings = 0;
  answer = (response) => response.end(JSON.stringify({ keys: this.keys.map((key) => key.jwk ?? key) }));

  async listen() {
    this.server = createServer((_request, response) => {
      this.readings += 1;
      this.answer(response);
    }).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${this.server.address().port}/jwks.json`;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const seconds = () => Date.now() / 1000;
const claimsOf = (email, more = {}) => ({
  iss: ISSUER,
  aud: ['another', AUDIENCE],
  sub: `auth0|${email}`,
  email,
  email_verified: true,
  name: 'Fleur Delacour',
  iat: seconds(),
  exp: seconds() + 300.5,
  ...more,
});

const settings = (place, more = {}) => ({
  env: { JWT_JWKS: place, JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, ...more },
});
const ask = async (server, token) => requestApiAsUser(server, { token }, 'GET', '/api/auth/me');

describe('An identity provider', () => {
  let provider;
  before(async () => {
    provider = new Provider();
    await provider.listen();
  });
  afterEach(closeEveryOpenSocketClient);
  after(() => provider.close());

  test('its people are known by their address, with keys of every algorithm', async () => {
    const keys = Object.keys(ALGORITHMS).map((alg) => new ProviderKey(alg));
    provider.keys = [...keys, { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256', kid: 'shared' }, { kty: 'XYZ' }];
    await runTestWithOwnServer(settings(provider.url), async (server) => {
      const luna = await createUserWithRole(server, 'PREFECT');
      for (const key of keys) {
        const token = key.signToken(claimsOf(luna.email));
        const { body } = await ask(server, token);
        assert.equal(body.user?.id, luna.id, `${key.alg}: ${JSON.stringify(body)}`);
        const client = await connectSocketAsUser(server, { token });
        assert.equal(client.payloadsOf('connection:acknowledged')[0].user.role, 'PREFECT');
      }
      const ours = await createUserWithRole(server);
      assert.equal((await ask(server, ours.token)).status, 200, 'our own tokens as before');
      const stranger = keys[0].signToken(claimsOf('fleur@beauxbatons.example'));
      assert.equal((await ask(server, stranger)).status, 401, 'nobody is made unless that is set');
      // Who was deactivated here stays out, whoever vouches for them.
      await requestApiExpectingStatus(200, server, server.auror, 'PATCH', `/api/users/${luna.id}`, { active: false });
      assert.equal((await ask(server, keys[0].signToken(claimsOf(luna.email)))).status, 401);
    });
  });

  test('whoever is seen for the first time becomes a student, once', async () => {
    const key = new ProviderKey('ES256');
    provider.keys = [key];
    await runTestWithOwnServer(settings(provider.url, { JWT_USERS: 'create' }), async (server) => {
      const claims = claimsOf('fleur@beauxbatons.example', { role: 'AUROR' });
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(server, key.signToken(claims))));
      const ids = new Set(answers.map(({ body }) => body.user?.id));
      assert.equal(ids.size, 1, JSON.stringify(answers.map(({ body }) => body)));
      const { name, role } = answers[0].body.user;
      assert.deepEqual([name, role], ['Fleur Delacour', 'STUDENT']);
      // The subject is who it is; the address may change there.
      const moved = await ask(server, key.signToken({ ...claims, email: 'fleur@gringotts.example' }));
      assert.deepEqual([...ids], [moved.body.user.id]);
      const other = key.signToken(claimsOf('fleur@beauxbatons.example', { sub: 'somebody else' }));
      assert.equal((await ask(server, other)).status, 401, 'an address is one person');
      const unproven = key.signToken(claimsOf('alastor.moody@hogwarts.edu', { email_verified: false }));
      assert.equal((await ask(server, unproven)).status, 401, 'an address that nobody proved is nobody');
      const deceiving = key.signToken(claimsOf('tom@riddle.example', { name: '\u202eretsam' }));
      assert.equal((await ask(server, deceiving)).body.user.name, 'tom');
    });
  });

  test('whoever had registered the address of another loses it to them', async () => {
    const key = new ProviderKey('EdDSA');
    provider.keys = [key];
    await runTestWithOwnServer(settings(provider.url), async (server) => {
      const impostor = await createUserWithRole(server);
      const socket = await connectSocketAsUser(server, impostor);
      const { body } = await ask(server, key.signToken(claimsOf(impostor.email)));
      assert.equal(body.user.id, impostor.id);
      await waitUntilConditionHolds('the socket is closed', () => !socket.connected);
      assert.equal((await ask(server, impostor.token)).status, 401);
      const renewal = { refreshToken: impostor.refreshToken };
      assert.equal((await requestApiAsUser(server, {}, 'POST', '/api/auth/refresh', renewal)).status, 401);
      const login = { email: impostor.email, password: TEST_PASSWORD };
      assert.equal((await requestApiAsUser(server, {}, 'POST', '/api/auth/login', login)).status, 401);
      assert.equal((await ask(server, key.signToken(claimsOf(impostor.email)))).status, 200);
    });
  });

  test('nothing is believed that is not signed for us', async () => {
    const [rsa, ec, other] = [new ProviderKey('RS256'), new ProviderKey('ES256'), new ProviderKey('RS256')];
    provider.keys = [rsa, ec];
    await runTestWithOwnServer(settings(provider.url), async (server) => {
      const luna = await createUserWithRole(server);
      const claims = (more) => claimsOf(luna.email, more);
      const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
      const confuse = (secret) => {
        const text = `${encode({ alg: 'HS256', kid: rsa.kid })}.${encode({ ...claims(), sub: luna.id })}`;
        return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
      };
      const refused = {
        'another key under its name': other.signToken(claims(), { kid: rsa.kid }),
        'a key that is not published': other.signToken(claims()),
        'the key it brings along': other.signToken(claims(), { jwk: other.jwk, kid: other.kid }),
        'the address it brings along': other.signToken(claims(), { jku: provider.url, x5u: provider.url }),
        'another algorithm than the key is for': rsa.signToken(claims(), { alg: 'RS512' }),
        'the algorithm of another key': ec.signToken(claims(), { alg: 'RS256', kid: rsa.kid }),
        'a public key as a shared secret': confuse(pem),
        'a modulus as a shared secret': confuse(Buffer.from(rsa.jwk.n, 'base64url')),
        'a header that must be understood': rsa.signToken(claims(), { crit: ['exp'] }),
        'another issuer': rsa.signToken(claims({ iss: `${ISSUER}evil` })),
        'another audience': rsa.signToken(claims({ aud: 'another' })),
        'no audience': rsa.signToken(claims({ aud: undefined })),
        'no issuer': rsa.signToken(claims({ iss: undefined })),
        'no subject': rsa.signToken(claims({ sub: undefined })),
        'no end': rsa.signToken(claims({ exp: undefined })),
        'a beginning to come': rsa.signToken(claims({ nbf: seconds() + 120 })),
        'an end beyond all use': rsa.signToken(claims({ exp: seconds() + 400 * 86_400 })),
      };
      for (const [what, token] of Object.entries(refused)) {
        const { status, body } = await ask(server, token);
        assert.deepEqual([status, body.error?.code], [401, 'UNAUTHENTICATED'], what);
      }
      const over = await ask(server, rsa.signToken(claims({ exp: seconds() - 0.5 })));
      assert.equal(over.body.error.code, 'TOKEN_EXPIRED');
      assert.equal((await ask(server, rsa.signToken(claims({ nbf: seconds() + 10 })))).status, 200, 'clocks differ');
      assert.ok(provider.readings < 10, `unknown keys cost no reading each: ${provider.readings}`);
    });
  });

  test('its keys may change while it runs, and it may be away', async () => {
    const [old, young] = [new ProviderKey('RS256'), new ProviderKey('EdDSA')];
    provider.keys = [old];
    await runTestWithOwnServer(settings(provider.url), async (server) => {
      const luna = await createUserWithRole(server);
      const statusOf = async (key) => (await ask(server, key.signToken(claimsOf(luna.email)))).status;
      assert.equal(await statusOf(old), 200);
      const listed = provider.answer;
      provider.answer = (response) => response.writeHead(500).end();
      assert.equal(await statusOf(old), 200, 'what is known stays known');
      provider.answer = listed;
      provider.keys = [old, young];
      await waitUntilConditionHolds('the new key is taken', async () => (await statusOf(young)) === 200, { deadlineMs: 30_000 });
      assert.equal(await statusOf(old), 200);
    });
  });

  test('keys that are known wait for no reading', async () => {
    const key = new ProviderKey('ES256');
    provider.keys = [key];
    await runTestWithOwnServer(settings(provider.url), async (server) => {
      const luna = await createUserWithRole(server);
      assert.equal((await ask(server, key.signToken(claimsOf(luna.email)))).status, 200);
      const listed = provider.answer;
      let isAsked = false;
      provider.answer = () => {
        isAsked = true;
      };
      const askAsStranger = () => ask(server, new ProviderKey('ES256').signToken(claimsOf(luna.email)));
      await waitUntilConditionHolds('the keys are read again', () => {
        askAsStranger().catch(() => undefined);
        return isAsked;
      }, { deadlineMs: 30_000 });
      const known = ask(server, key.signToken(claimsOf(luna.email))).then(({ status }) => status);
      assert.equal(await Promise.race([askAsStranger(), known]), 200);
      provider.answer = listed;
    });
  });

  test('a provider that answers badly lets nobody in, and costs a bounded time', async () => {
    const key = new ProviderKey('RS256');
    const listed = provider.answer;
    const answers = {
      'no JSON': (response) => response.end('<html>'),
      'an endless body': (response) => {
        const write = () => {
          while (response.write('x'.repeat(65_536)));
        };
        response.on('drain', write);
        write();
      },
      'another address': (response) => response.writeHead(302, { Location: provider.url }).end(),
      'nothing at all': () => undefined,
    };
    provider.keys = [key];
    for (const [what, answer] of Object.entries(answers)) {
      provider.answer = answer;
      await runTestWithOwnServer(settings(provider.url), async (server) => {
        const luna = await createUserWithRole(server);
        const refused = await ask(server, key.signToken(claimsOf(luna.email)));
        assert.deepEqual([refused.status, refused.body.error.code], [503, 'UNAVAILABLE'], what);
        assert.equal((await ask(server, luna.token)).status, 200, 'our own tokens need no provider');
      });
    }
    provider.answer = listed;
  });

  test('its keys may be in a file', async () => {
    const key = new ProviderKey('ES256');
    const options = settings('placeholder');
    await runTestWithOwnServer({ ...options, env: {} }, async (first) => {
      const file = join(first.directory, 'keys.json');
      await writeFile(file, JSON.stringify({ keys: [key.jwk] }));
      await runTestWithOwnServer(settings(file), async (server) => {
        const luna = await createUserWithRole(server);
        assert.equal((await ask(server, key.signToken(claimsOf(luna.email)))).status, 200);
      });
    });
  });
});

// A push service and the browsers behind it, as RFC 8030, 8291 and 8292 have them: it checks who sends, and decrypts.
import { createECDH, createPublicKey, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import ece from 'http_ece';

/** A browser: its keys, and what it was told. */
export class PushedBrowser {
  constructor(service, name) {
    this.ecdh = createECDH('prime256v1');
    this.ecdh.generateKeys();
    this.auth = randomBytes(16);
    this.endpoint = `${service.url}/push/${name}`;
    this.told = [];
  }

  /** As `PushSubscription.toJSON()` of a browser. */
  toJSON() {
    return {
      endpoint: this.endpoint,
      expirationTime: null,
      keys: { p256dh: this.ecdh.getPublicKey('base64url'), auth: this.auth.toString('base64url') },
    };
  }

  decryptMessage(body) {
    const options = { version: 'aes128gcm', privateKey: this.ecdh, authSecret: this.auth.toString('base64url') };
    return JSON.parse(ece.decrypt(body, options).toString());
  }
}

/** Throws unless the header proves that the holder of the key sends this to this service, now. */
function assertAuthorizationOfSender(header, publicKey, audience) {
  const [, token, key] = /^vapid t=([^,]+), k=(.+)$/.exec(header ?? '') ?? [];
  if (key !== publicKey) throw new Error(`signed by ${key}, subscribed to ${publicKey}`);
  const [head, claims, signature] = token.split('.');
  const point = Buffer.from(key, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const verifying = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } });
  const isGenuine = verify('sha256', Buffer.from(`${head}.${claims}`), { key: verifying, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  if (!isGenuine) throw new Error('the signature is not of that key');
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url'));
  const left = exp - Date.now() / 1000;
  if (aud !== audience || left <= 0 || left > 24 * 3600 || !sub) throw new Error(`claims ${aud} ${exp} ${sub}`);
}

/** The service. `answers` holds what it answers next, by the name of a browser; otherwise 201. */
export class PushService {
  browsers = new Map();
  answers = new Map();
  refused = [];
  publicKey = '';

  async start() {
    this.server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => response.writeHead(this.takeMessage(request, Buffer.concat(chunks))).end());
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  openBrowser(name) {
    const browser = new PushedBrowser(this, name);
    this.browsers.set(name, browser);
    return browser;
  }

  takeMessage(request, body) {
    const name = request.url.slice('/push/'.length);
    const browser = this.browsers.get(name);
    const planned = this.answers.get(name)?.shift();
    if (!browser) return 404;
    try {
      assertAuthorizationOfSender(request.headers.authorization, this.publicKey, this.url);
      if (request.headers['content-encoding'] !== 'aes128gcm') throw new Error('another encoding');
      if (body.length > 4096) throw new Error(`${body.length} bytes`);
      if (!/^\d+$/.test(request.headers.ttl ?? '')) throw new Error('no TTL');
      if (!/^[\w-]{1,32}$/.test(request.headers.topic ?? '')) throw new Error('no topic');
      const message = browser.decryptMessage(body);
      if (planned && planned !== 201) return planned;
      browser.told.push({ ...message, topic: request.headers.topic, urgency: request.headers.urgency });
      return 201;
    } catch (error) {
      this.refused.push(error.message);
      return 403;
    }
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

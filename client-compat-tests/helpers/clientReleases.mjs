// The releases of socket.io-client under test, as published on npm, and the ways each can connect.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

function loadClientReleaseFromNpm(name, extra = {}) {
  const exported = require(name);
  return { io: exported.io ?? exported, hasAuthPayload: true, path: '/socket.io/', options: {}, ...extra };
}

/** By name: `io`, the server path, and whether the release can send an auth payload with CONNECT (2.x cannot). */
export const CLIENT_RELEASES = {
  2.5: loadClientReleaseFromNpm('socket.io-client-2', { hasAuthPayload: false }),
  3.1: loadClientReleaseFromNpm('socket.io-client-3'),
  '4.0': loadClientReleaseFromNpm('socket.io-client-4.0'),
  4.5: loadClientReleaseFromNpm('socket.io-client-4.5'),
  current: loadClientReleaseFromNpm('socket.io-client'),
  msgpack: loadClientReleaseFromNpm('socket.io-client', {
    path: '/socket.io-msgpack/',
    options: { parser: require('socket.io-msgpack-parser') },
  }),
};

/** By name: the transports a client is allowed, and the one it must end up on. */
export const TRANSPORT_MODES = {
  polling: { transports: ['polling'], endsOn: 'polling' },
  websocket: { transports: ['websocket'], endsOn: 'websocket' },
  upgrade: { transports: ['polling', 'websocket'], endsOn: 'websocket' },
};

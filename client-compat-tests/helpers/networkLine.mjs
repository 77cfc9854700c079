// A TCP line between client and server that can be cut and mended, as a network does.
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { Transform } from 'node:stream';

/** Opens a line to `server` (a `port`, and a `host` when not this machine); `url` is where clients connect. The caller closes it. */
export async function openNetworkLineToServer({ port, host = '127.0.0.1' }) {
  let end = { port, host };
  const sockets = new Set();
  const swallowed = new WeakSet();
  let isCut = false;
  let delayMs = 0;
  const relay = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(end);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        // What was swallowed stays: neither end may learn of the other's.
        if (!swallowed.has(one)) other.destroy();
      });
      const way = new Transform({
        transform(chunk, _encoding, done) {
          if (swallowed.has(one)) return done();
          if (delayMs === 0) return done(null, chunk);
          setTimeout(() => this.push(chunk), delayMs);
          done();
        },
      });
      one.on('end', () => swallowed.has(one) || way.end());
      one.pipe(way, { end: false }).pipe(other);
    }
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const destroyAllOpenLineSockets = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: relay.address().port,
    url: `http://127.0.0.1:${relay.address().port}`,
    /** Drops every connection and refuses new ones. */
    cut() {
      isCut = true;
      destroyAllOpenLineSockets();
    },
    /** Lets clients through again. */
    mend() {
      isCut = false;
    },
    /** Leads new connections to another server, as a load balancer does. */
    leadToServer({ port, host = '127.0.0.1' }) {
      end = { port, host };
    },
    /** Lets everything arrive so much later. */
    delayByMs(ms) {
      delayMs = ms;
    },
    /** Forgets every open connection without a word to either end, as a firewall does; new ones work. */
    swallowOpenConnections() {
      sockets.forEach((socket) => swallowed.add(socket));
    },
    close() {
      destroyAllOpenLineSockets();
      relay.close();
    },
  };
}

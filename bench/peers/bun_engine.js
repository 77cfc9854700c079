// Bare socket.io on Bun's own HTTP and websocket server: no token, no database.
import { Server as Engine } from '@socket.io/bun-engine';
import { Server } from 'socket.io';
import { emitPostedPayloadToClients, registerClientEventsOfBareServer } from './fan_out.js';

const io = new Server();
const engine = new Engine({ path: '/socket.io/' });
io.bind(engine);
registerClientEventsOfBareServer(io);

const handler = engine.handler();
const server = Bun.serve({
  ...handler,
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 60,
  async fetch(request, self) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith('/emit')) {
      return handler.fetch(request, self);
    }
    emitPostedPayloadToClients(io, pathname, await request.json());
    return new Response('', { status: 201, headers: { 'content-length': '0' } });
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);

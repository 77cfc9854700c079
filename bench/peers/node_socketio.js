// Bare socket.io on Node: no token, no database.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { emitPostedPayloadToClients, registerClientEventsOfBareServer } from './fan_out.js';

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    emitPostedPayloadToClients(io, request.url, JSON.parse(Buffer.concat(parts).toString()));
    response.writeHead(201, { 'content-length': 0 });
    response.end();
  });
});
const io = new Server(server, { transports: ['websocket'] });
registerClientEventsOfBareServer(io);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

// The design of the product's first description: Express, socket.io and pg in one process, presence rows written
// socket by socket, broadcasts straight from the routes.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import express from 'express';
import jwt from 'jsonwebtoken';
import pg from 'pg';
import { Server } from 'socket.io';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const secret = process.env.JWT_SECRET;

async function createTablesOfSeedDesign() {
  await pool.query(`
    create table users (id uuid primary key, email varchar(254) not null, name varchar(100) not null, role text not null);
    create table incidents (
      id uuid primary key default gen_random_uuid(), title varchar(200) not null, description text,
      severity text not null default 'MISCHIEF', status text not null default 'OPEN', location varchar(200),
      reported_by uuid not null references users (id),
      created_at timestamptz not null default now(), updated_at timestamptz not null default now());
    create table comments (
      id uuid primary key default gen_random_uuid(), incident_id uuid not null references incidents (id),
      author_id uuid not null references users (id), content text not null,
      created_at timestamptz not null default now());
    create index comments_incident on comments (incident_id);
    create table presence_sessions (
      socket_id varchar(255) primary key, user_id uuid not null references users (id) on delete cascade,
      connected_at timestamptz default now(), last_seen timestamptz default now(), current_room varchar(255));
    create index idx_presence_user_id on presence_sessions (user_id);
    create index idx_presence_last_seen on presence_sessions (last_seen);`);
}

function userOfVerifiedTokenClaims(token) {
  const { sub, email, name, role } = jwt.verify(token, secret, { algorithms: ['HS256'] });
  return { id: sub, email, name, role };
}

async function openConnectionWithPresenceRow(io, socket) {
  await pool.query(
    `insert into presence_sessions (socket_id, user_id) values ($1, $2)
     on conflict (socket_id) do update set last_seen = now()`,
    [socket.id, socket.user.id],
  );
  socket.emit('connection:acknowledged', { socketId: socket.id, user: socket.user });
  socket.broadcast.emit('presence:join', { userId: socket.user.id, user: socket.user });
  socket.on('room:join', (data, answer) => joinRoomWithPresenceUpdate(socket, data, answer));
  socket.on('typing:start', (data) => broadcastTypingToRoomOthers(socket, data, true));
  socket.on('typing:stop', (data) => broadcastTypingToRoomOthers(socket, data, false));
  socket.on('disconnect', () => closeConnectionWithPresenceRow(socket));
}

async function joinRoomWithPresenceUpdate(socket, { room }, answer) {
  if (socket.currentRoom) {
    socket.leave(socket.currentRoom);
  }
  socket.join(room);
  socket.currentRoom = room;
  await pool.query(
    'update presence_sessions set current_room = $1, last_seen = now() where socket_id = $2',
    [room, socket.id],
  );
  socket.to(room).emit('presence:join', { userId: socket.user.id, room });
  answer?.({ ok: true });
}

function broadcastTypingToRoomOthers(socket, { incidentId }, isTyping) {
  const { id: userId, name: userName } = socket.user;
  const payload = { userId, userName, incidentId, isTyping };
  socket.to(`incident:${incidentId}`).emit('presence:typing', payload);
  clearTimeout(socket.typingTimeout);
  if (isTyping) {
    const stop = () => broadcastTypingToRoomOthers(socket, { incidentId }, false);
    socket.typingTimeout = setTimeout(stop, 3000);
  }
}

async function closeConnectionWithPresenceRow(socket) {
  clearTimeout(socket.typingTimeout);
  await pool.query('delete from presence_sessions where socket_id = $1', [socket.id]);
  socket.broadcast.emit('presence:leave', { userId: socket.user.id });
}

async function createIncidentAndBroadcastIt(io, request, response) {
  const { title, description = null, severity = 'MISCHIEF', location = null } = request.body;
  const { rows } = await pool.query(
    `insert into incidents (title, description, severity, location, reported_by) values ($1, $2, $3, $4, $5)
     returning id, title, description, severity, status, location, created_at as "createdAt", updated_at as "updatedAt"`,
    [title, description, severity, location, request.user.id],
  );
  const incident = { ...rows[0], reportedBy: request.user, assignee: null };
  io.emit('incident:created', { incident, createdBy: request.user });
  response.status(201).json(incident);
}

async function createCommentAndBroadcastIt(io, request, response) {
  const incidentId = request.params.id;
  const { rows } = await pool.query(
    `insert into comments (incident_id, author_id, content) values ($1, $2, $3)
     returning id, incident_id as "incidentId", content, created_at as "createdAt"`,
    [incidentId, request.user.id, request.body.content],
  );
  const comment = { ...rows[0], author: request.user };
  io.to(`incident:${incidentId}`).emit('comment:created', { comment, incidentId, author: request.user });
  response.status(201).json(comment);
}

function buildExpressAppWithRoutes(ioOf) {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json());
  app.use((request, response, next) => {
    try {
      request.user = userOfVerifiedTokenClaims((request.headers.authorization ?? '').slice('Bearer '.length));
      next();
    } catch {
      response.status(401).json({ error: { code: 'UNAUTHENTICATED' } });
    }
  });
  app.post('/api/incidents', (request, response) => createIncidentAndBroadcastIt(ioOf(), request, response));
  app.post('/api/incidents/:id/comments', (request, response) =>
    createCommentAndBroadcastIt(ioOf(), request, response));
  return app;
}

process.env.NODE_ENV = 'production';
await createTablesOfSeedDesign();
const server = createServer(buildExpressAppWithRoutes(() => io));
const io = new Server(server, { transports: ['websocket'] });
io.use((socket, next) => {
  try {
    socket.user = userOfVerifiedTokenClaims(socket.handshake.auth.token ?? socket.handshake.query.token);
    next();
  } catch {
    next(new Error('Authentication failed'));
  }
});
io.on('connection', (socket) => openConnectionWithPresenceRow(io, socket).catch(() => socket.disconnect(true)));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

// What the two bare Socket.IO servers do: fan out what is posted to them, and nothing else.

/** Registers what a client may send. */
export function registerClientEventsOfBareServer(io) {
  io.on('connection', (socket) => {
    socket.on('room:join', (data, answer) => {
      socket.join(data.room);
      answer?.({ ok: true });
    });
    socket.on('typing:start', (data) => sendTypingToRoomOthers(socket, data, true));
    socket.on('typing:stop', (data) => sendTypingToRoomOthers(socket, data, false));
  });
}

function sendTypingToRoomOthers(socket, { incidentId }, isTyping) {
  const payload = { userId: socket.id, userName: 'somebody', incidentId, isTyping };
  socket.to(`incident:${incidentId}`).emit('presence:typing', payload);
}

/** Emits a posted payload: `/emit` to everybody, `/emit/<room>` to a room. */
export function emitPostedPayloadToClients(io, path, payload) {
  const room = path.slice('/emit/'.length);
  if (room) {
    io.to(room).emit('comment:created', payload);
  } else {
    io.emit('incident:created', payload);
  }
}

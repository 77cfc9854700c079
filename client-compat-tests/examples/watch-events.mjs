// Logs in, connects as any app with socket.io-client does, and prints every event on a line of its own.
//
//   node watch-events.mjs EMAIL PASSWORD [--room ROOM] [--until EVENT] [--url URL]
//
// --until ends it, with exit code 0, after the first event of that name; --for (seconds, default 60) bounds that.
import { parseArgs } from 'node:util';
import { io } from 'socket.io-client';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    room: { type: 'string' },
    until: { type: 'string' },
    for: { type: 'string', default: '60' },
    url: { type: 'string', default: 'http://localhost:4001' },
  },
});
const [email, password] = positionals;

const response = await fetch(`${values.url}/api/auth/login`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ email, password }),
});
const session = await response.json();
if (!response.ok) {
  console.error(session.error.message);
  process.exit(1);
}

const socket = io(values.url, { auth: { token: session.accessToken, room: values.room } });
socket.on('connect_error', (error) => console.error(error.message));
socket.onAny((event, payload) => {
  console.log(event, JSON.stringify(payload));
  if (event === values.until) endWatchingWithExitCode(0);
});
const giveUp = values.until && setTimeout(endWatchingWithExitCode, Number(values.for) * 1000, 1);

function endWatchingWithExitCode(code) {
  clearTimeout(giveUp);
  process.exitCode = code;
  socket.disconnect();
}

// The stock socket.io-client in another runtime than Node, of which the argument is the name: `bun client.mjs Bun`.
// Commands are lines of JSON on standard input, what happens are lines of JSON on standard output: see
// helpers/foreignClients.mjs.
import process from 'node:process';
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const [runtime] = process.argv.slice(2);
if (globalThis[runtime] === undefined) throw new Error(`this is not ${runtime}`);
const sockets = new Map();

function writeLineAboutClient(client, fields) {
  const socket = sockets.get(client);
  const { connected, id, recovered } = socket;
  const transport = socket.io.engine?.transport?.name;
  process.stdout.write(`${JSON.stringify({ client, connected, id, recovered, transport, ...fields })}\n`);
}

function openClientForCommand({ client, url, auth, transports, reconnection }) {
  const options = { auth, transports, reconnection, reconnectionDelay: 20, reconnectionDelayMax: 200, forceNew: true };
  const socket = io(url, options);
  sockets.set(client, socket);
  const report = (fields) => writeLineAboutClient(client, fields);
  socket.onAny((event, payload, ...more) => report({ event, payload, more }));
  socket.on('connect', () => report({ happened: 'connect', payload: socket.id }));
  socket.on('disconnect', (reason) => report({ happened: 'disconnect', payload: reason }));
  socket.on('connect_error', (error) => report({ happened: 'connect_error', payload: error.message, code: error.data?.code }));
  const reportTransportOfEngine = () => socket.io.engine.on('upgrade', () => report({}));
  socket.io.on('open', reportTransportOfEngine);
}

function executeCommandOfTest({ do: what, client, ...rest }) {
  const socket = sockets.get(client);
  if (what === 'open') openClientForCommand({ client, ...rest });
  if (what === 'disconnect') socket.disconnect();
  if (what === 'emit') {
    const answer = (payload) => writeLineAboutClient(client, { ack: rest.ack, payload });
    socket.emit(rest.event, rest.payload, ...(rest.ack === undefined ? [] : [answer]));
  }
}

const commands = createInterface({ input: process.stdin });
commands.on('line', (line) => executeCommandOfTest(JSON.parse(line)));
commands.on('close', () => process.exit(0));

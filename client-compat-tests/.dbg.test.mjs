import { test } from 'node:test';
import { useServerForTestFile } from './helpers/server.mjs';
import { openWireAsUser, writeFrame } from './helpers/stompFrames.mjs';
import { createUserWithRole } from './helpers/users.mjs';
const server = useServerForTestFile({ env: { LIMIT_MESSAGE: '64000', RUST_LOG:'debug' } });
test('x', async () => {
  const c = await openWireAsUser(server, await createUserWithRole(server));
  const callOfBytes = (bytes, receipt) => { const head = `SEND\ndestination:/app/room.join\nreceipt:${receipt}\n\n{"room":"incidents","padding":"`; return `${head}${'x'.repeat(bytes - head.length - 3)}"}\0`; };
  c.send(`SUBSCRIBE\nid:1\ndestination:/user/queue/errors\n\n\0`, callOfBytes(64000,'fits'), callOfBytes(64001,'large'), callOfBytes(128000,'largest'));
  for (let i=0;i<4;i++){ await new Promise(r=>setTimeout(r,700)); console.log(1000, JSON.stringify(c.frames().map(f=>[f.command,f.headers])), c.socket.readyState, c.socket.bufferedAmount); }
  c.close();
});

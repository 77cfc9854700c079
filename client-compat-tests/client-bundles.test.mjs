// The client's own scripts, which every Socket.IO server offers beside its endpoint.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { useServerForTestFile } from './helpers/server.mjs';

const server = useServerForTestFile();

/** A server that was built without the dashboard has no scripts either. */
async function isBuiltWithDashboard() {
  return (await fetch(server.url)).headers.has('etag');
}

describe('The script for pages without a build step', () => {
  for (const path of ['/socket.io/socket.io.js', '/socket.io/socket.io.min.js', '/socket.io-msgpack/socket.io.msgpack.min.js']) {
    test(`should_be_there_at_${path}`, async (context) => {
      if (!(await isBuiltWithDashboard())) return context.skip('built without the dashboard');
      const answer = await fetch(`${server.url}${path}`);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get('content-type'), /^text\/javascript/);
      assert.match(await answer.text(), /Socket\.IO v4/);
    });
  }

  test('should_be_no_other_file', async () => {
    for (const path of ['/socket.io/index.html', '/socket.io/socket.io.exe', '/socket.io/socket.io.js/x', '/socket.io/assets']) {
      assert.equal((await fetch(`${server.url}${path}`)).status, 404, path);
    }
  });
});

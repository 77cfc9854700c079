import react from '@vitejs/plugin-react';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Bundles of client libraries, by where their package keeps them and where the server offers them. */
const CLIENT_BUNDLES = {
  // What every Socket.IO server offers beside its endpoint, for pages without a build step.
  'socket.io-client/dist/': { folder: 'socket.io', files: ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'] },
  // What the page loads that SockJS shows in an iframe.
  'sockjs-client/dist/': { folder: 'sockjs', files: ['sockjs.min.js'] },
};

function emitBundlesOfClientLibraries(): Plugin {
  return {
    name: 'client-bundles',
    apply: 'build',
    generateBundle() {
      for (const [dist, { folder, files }] of Object.entries(CLIENT_BUNDLES)) {
        for (const name of files.flatMap((file) => [file, `${file}.map`])) {
          const source = readFileSync(new URL(`node_modules/${dist}${name}`, import.meta.url));
          this.emitFile({ type: 'asset', fileName: `${folder}/${name}`, source });
        }
      }
    },
  };
}

// The server a developer runs beside `npm run dev`.
const server = process.env.OWLPOST_URL ?? 'http://127.0.0.1:4001';

export default defineConfig({
  plugins: [react(), emitBundlesOfClientLibraries()],
  build: {
    manifest: true,
    target: 'es2022',
  },
  server: {
    port: 3001,
    strictPort: true,
    proxy: {
      '/api': server,
      '/socket.io': { target: server, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
});

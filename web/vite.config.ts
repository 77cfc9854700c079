import react from '@vitejs/plugin-react';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** The files that every Socket.IO server offers beside its endpoint, for pages without a build step. */
const CLIENT_BUNDLES = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'];

function emitClientBundlesOfSocketio(): Plugin {
  const dist = new URL('node_modules/socket.io-client/dist/', import.meta.url);
  return {
    name: 'socket.io-client-bundles',
    apply: 'build',
    generateBundle() {
      for (const name of CLIENT_BUNDLES.flatMap((file) => [file, `${file}.map`])) {
        this.emitFile({ type: 'asset', fileName: `socket.io/${name}`, source: readFileSync(new URL(name, dist)) });
      }
    },
  };
}

// The server a developer runs beside `npm run dev`.
const server = process.env.OWLPOST_URL ?? 'http://127.0.0.1:4001';

export default defineConfig({
  plugins: [react(), emitClientBundlesOfSocketio()],
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

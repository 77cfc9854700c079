import react from '@vitejs/plugin-react';
import { readdirSync, readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Bundles of client libraries, by where their package keeps them and where the server offers them. */
const CLIENT_BUNDLES = {
  // What every Socket.IO server offers beside its endpoint, for pages without a build step.
  'socket.io-client/dist/': { folder: 'socket.io', files: ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'] },
  // What the page loads that SockJS shows in an iframe.
  'sockjs-client/dist/': { folder: 'sockjs', files: ['sockjs.min.js'] },
};

/** The page for operators that Socket.IO's users know, with its icons beside it: it would load them from elsewhere. */
function emitAdminUi(): Plugin {
  return {
    name: 'admin-ui',
    apply: 'build',
    generateBundle() {
      const emit = (fileName: string, source: string | Uint8Array) =>
        this.emitFile({ type: 'asset', fileName: `admin/ui/${fileName}`, source });
      const dist = new URL('node_modules/@socket.io/admin-ui/ui/dist/', import.meta.url);
      for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|svg|png)$/.test(name)) continue;
        emit(name, readFileSync(new URL(name, dist)));
      }
      const icons = new URL('node_modules/@mdi/font/', import.meta.url);
      for (const name of ['css/materialdesignicons.min.css', 'fonts/materialdesignicons-webfont.woff2'])
        emit(`icons/${name}`, readFileSync(new URL(name, icons)));
      const page = readFileSync(new URL('index.html', dist), 'utf8')
        .replace(/<link rel="stylesheet" href="https:\/\/cdn[^"]*materialdesignicons[^"]*">/, '<link rel="stylesheet" href="icons/css/materialdesignicons.min.css">')
        .replace(/<link rel="stylesheet" href="https:\/\/fonts[^"]*">/, '');
      if (page.includes('https://')) this.error('the Admin UI loads something from elsewhere');
      emit('index.html', page);
    },
  };
}

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

export default defineConfig(({ command }) => ({
  // The server writes in its page below which path it is.
  base: command === 'build' ? './' : '/',
  plugins: [react(), emitBundlesOfClientLibraries(), emitAdminUi()],
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
    testTimeout: 60_000,
  },
}));

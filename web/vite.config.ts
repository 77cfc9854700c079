import react from '@vitejs/plugin-react';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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

/** Styles come behind what the page shows by itself: a browser paints nothing that stands behind a style it does not have yet. */
function putStylesBehindShell(): Plugin {
  return {
    name: 'styles-behind-shell',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml(html) {
      const styles = html.match(/^ *<link rel="stylesheet"[^>]*>\n/gm) ?? [];
      const rest = styles.reduce((text, style) => text.replace(style, ''), html);
      // And before what scripts add, which has the last word.
      return rest.replace('    <div id="root">', `${styles.join('')}    <div id="root">`);
    },
  };
}

/** Crawlers ask for it, pages never. */
const NOT_OF_SHELL = ['robots.txt'];

/** Writes into the service worker which files the dashboard is made of. */
function listShellInServiceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const worker = bundle['sw.js'];
      if (worker?.type !== 'chunk' || worker.imports.length > 0) this.error('the service worker must be one script without imports');
      const shared = readdirSync(new URL('public', import.meta.url)).filter((name) => !NOT_OF_SHELL.includes(name));
      const built = Object.keys(bundle).filter((name) => name.startsWith('assets/') && !name.endsWith('.map'));
      const hash = createHash('sha256');
      for (const name of shared) hash.update(readFileSync(new URL(`public/${name}`, import.meta.url)));
      // The page names the first script, and that all others: a change of any is a change of it.
      const page = bundle['index.html'];
      hash.update(page?.type === 'asset' ? page.source : this.error('there is no page'));
      const shell = { version: hash.digest('hex').slice(0, 16), files: [...built, ...shared].sort() };
      worker.code = worker.code.replaceAll('__SHELL__', JSON.stringify(shell));
    },
  };
}

// The server a developer runs beside `npm run dev`.
const server = process.env.OWLPOST_URL ?? 'http://127.0.0.1:4001';

export default defineConfig(({ command }) => ({
  // The server writes in its page below which path it is.
  base: command === 'build' ? './' : '/',
  // The package's sources, so that nothing has to be built before the dashboard; what they import is the dashboard's.
  resolve: {
    alias: { '@owlpost/client': fileURLToPath(new URL('../packages/client/src/index.ts', import.meta.url)) },
    dedupe: ['socket.io-client'],
  },
  plugins: [react(), emitBundlesOfClientLibraries(), emitAdminUi(), putStylesBehindShell(), listShellInServiceWorker()],
  build: {
    manifest: true,
    // A style that could not be had is not asked for again with its script: all of them come with the page.
    cssCodeSplit: false,
    rolldownOptions: {
      input: { index: 'index.html', sw: 'src/serviceWorker.ts' },
      output: { entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
    },
    target: 'es2022',
  },
  server: {
    port: 3001,
    strictPort: true,
    // A test reads which pages the server knows.
    fs: { allow: ['..'] },
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

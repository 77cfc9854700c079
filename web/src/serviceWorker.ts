/**
 * Lets the dashboard open without a connection. It answers for the pages of the dashboard and the files they are made of, and for
 * nothing else: what belongs to the server (REST, sockets, streams, documents) goes to the server as if it were not here.
 */
import { listenToPushes } from './pushWorker';

declare const self: ServiceWorkerGlobalScope;
/** Written in by the build: which files the dashboard is made of, below its address, and a hash of them all. */
declare const __SHELL__: { version: string; files: string[] };

const SHELL = __SHELL__;
/** The page that every address of the dashboard begins with. */
const START = './';
/** First segments of addresses that are pages of the dashboard, as the server and the router have them. */
const PAGES = ['', 'login', 'register', 'reset-password', 'incidents', 'account', 'people', 'outlets'];
const CACHE_PREFIX = 'owlpost-shell-';
const CACHE = CACHE_PREFIX + SHELL.version;
/** Pages of the version before may be open, and want the rest of their files. */
const KEPT_VERSIONS = 2;
/** A network that lets through nothing should not keep a page that is here from being shown. */
const NAVIGATION_DEADLINE_MS = 3_000;
/** The folder it is served from: what it answers for, below a path as well. */
const BASE = new URL('./', self.location.href);

/** The build puts a hash of the content into these names: what has the name is the same for ever. */
const isNamedByContent = (file: string) => file.startsWith('assets/');

// The shell: fetched as a whole or not at all.

async function storeFileInCache(cache: Cache, file: string): Promise<void> {
  const url = new URL(file, BASE).href;
  const known = isNamedByContent(file) ? await caches.match(url) : undefined;
  const answer = known ?? (await fetch(url, { cache: isNamedByContent(file) ? 'default' : 'no-cache' }));
  if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
  await cache.put(url, answer);
}

async function storeShellInCache(): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all([START, ...SHELL.files].map((file) => storeFileInCache(cache, file)));
}

async function forgetOlderVersions(): Promise<void> {
  const versions = (await caches.keys()).filter((name) => name.startsWith(CACHE_PREFIX) && name !== CACHE);
  await Promise.all(versions.slice(0, Math.max(0, versions.length - (KEPT_VERSIONS - 1))).map((name) => caches.delete(name)));
}

// Nothing waits for old pages to be closed: theirs is kept, too.
self.addEventListener('install', (event) => event.waitUntil(storeShellInCache().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(forgetOlderVersions().then(() => self.clients.claim())));

listenToPushes(self, BASE);

// Requests.

async function findStartPage(): Promise<Response | undefined> {
  return (await caches.open(CACHE)).match(new URL(START, BASE).href);
}

/** From the server, which may have a newer version; from here where it does not answer, or cannot. */
async function answerNavigationFromNetworkFirst(request: Request): Promise<Response> {
  const fromNetwork = fetch(request);
  const tooLate = new Promise<undefined>((resolve) => setTimeout(resolve, NAVIGATION_DEADLINE_MS));
  const answer = await Promise.race([fromNetwork, tooLate]).catch(() => undefined);
  if (answer && answer.status < 500) return answer;
  return (await findStartPage()) ?? fromNetwork;
}

async function answerFileFromCacheFirst(request: Request): Promise<Response> {
  return (await caches.match(request.url)) ?? fetch(request);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== BASE.origin || !url.pathname.startsWith(BASE.pathname)) return;
  const path = url.pathname.slice(BASE.pathname.length);
  if (request.mode === 'navigate') {
    if (PAGES.includes(path.split('/')[0] ?? '')) event.respondWith(answerNavigationFromNetworkFirst(request));
  } else if (isNamedByContent(path) || SHELL.files.includes(path)) {
    event.respondWith(answerFileFromCacheFirst(request));
  }
});

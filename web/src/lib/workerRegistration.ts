import { addBasePathTo } from './basePath';

const SCRIPT = addBasePathTo('/sw.js');
const CACHE_PREFIX = 'owlpost-shell-';

/** The way out, should the worker or what it keeps be broken: the next load comes from the server. */
export async function forgetWorkerAndItsFiles(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration(addBasePathTo('/'));
  await registration?.unregister();
  if (!('caches' in window)) return;
  const names = (await caches.keys()).filter((name) => name.startsWith(CACHE_PREFIX));
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** Has the dashboard kept by this browser, so that it opens without a connection. Browsers offer that over https and on localhost. */
export async function keepDashboardInBrowser(): Promise<void> {
  if (!navigator.serviceWorker || import.meta.env.DEV) return;
  try {
    const { status } = await fetch(SCRIPT, { method: 'HEAD', cache: 'no-store' });
    // A server that has none any more wants it gone; browsers would keep it.
    if (status === 404) await forgetWorkerAndItsFiles();
    else if (status === 200) await navigator.serviceWorker.register(SCRIPT);
  } catch {
    // No connection, or no room: what is there stays as it is.
  }
}

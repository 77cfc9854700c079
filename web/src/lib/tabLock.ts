const LEASE_MS = 8_000;
const LEASE_POLL_MS = 60;

/** Renews a lease for as long as its work takes; a tab that dies keeps it no longer than the lease. */
async function runWithLease<T>(name: string, work: (waited: boolean) => Promise<T>): Promise<T> {
  const key = `${name}.lease`;
  const me = Math.random().toString(36);
  const claim = () => localStorage.setItem(key, `${Date.now() + LEASE_MS}:${me}`);
  const isMine = () => localStorage.getItem(key)?.endsWith(`:${me}`) ?? false;
  const pause = () => new Promise((resolve) => setTimeout(resolve, LEASE_POLL_MS));
  let waited = false;
  for (;;) {
    const [until] = (localStorage.getItem(key) ?? '0').split(':');
    if (Number(until) < Date.now()) {
      claim();
      await pause();
      if (isMine()) break;
    }
    waited = true;
    await pause();
  }
  const renewal = setInterval(() => isMine() && claim(), LEASE_MS / 4);
  try {
    return await work(waited);
  } finally {
    clearInterval(renewal);
    if (isMine()) localStorage.removeItem(key);
  }
}

/**
 * Runs `work` in one tab of this browser at a time; `waited` says whether another tab had its turn first. Web Locks exist on https
 * and localhost only, so elsewhere a lease in localStorage stands in.
 */
export async function runInOneTabAtATime<T>(name: string, work: (waited: boolean) => Promise<T>): Promise<T> {
  if (!navigator.locks) return await runWithLease(name, work);
  const first = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => (lock ? { done: await work(false) } : null));
  return first ? first.done : await navigator.locks.request(name, () => work(true));
}

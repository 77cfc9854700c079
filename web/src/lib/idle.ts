/** Longest that a busy page puts it off. */
const LATEST_MS = 4_000;

/** Does something once the page has nothing better to do; answers how to give it up. */
export function runWhenPageIsIdle(work: () => void): () => void {
  // Safari has no such callback.
  if (!('requestIdleCallback' in window)) {
    const timer = setTimeout(work, LATEST_MS / 2);
    return () => clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(work, { timeout: LATEST_MS });
  return () => window.cancelIdleCallback(handle);
}

/** How long a server may keep silent on a request. */
export const REQUEST_BOUND_MS = 10_000;
/** From then on a person should be told that an answer is still waited for. */
export const PATIENCE_MS = 5_000;

export interface RequestBound {
  /** Aborts the request at its bound, or when its caller does. */
  signal: AbortSignal;
  /** Whether the bound was the reason. */
  hasPassed: () => boolean;
  /** Something was heard: the bound begins anew. */
  extend: () => void;
  end: () => void;
}

/**
 * Bounds one request, from its first byte to the last of its answer. Whoever starts it ends it. `onSlow` is told when the request
 * begins to take longer than people are patient, and when it no longer does.
 */
export function startBoundOfRequest(caller?: AbortSignal, onSlow: (isSlow: boolean) => void = () => undefined): RequestBound {
  const controller = new AbortController();
  const abort = () => controller.abort(caller?.reason);
  if (caller?.aborted) abort();
  caller?.addEventListener('abort', abort);
  let passed = false;
  let isSlow = false;
  const setSlow = (slow: boolean) => {
    if (slow !== isSlow) onSlow(slow);
    isSlow = slow;
  };
  const arm = () => [
    setTimeout(() => setSlow(true), PATIENCE_MS),
    setTimeout(() => {
      passed = true;
      controller.abort();
    }, REQUEST_BOUND_MS),
  ];
  let timers = arm();
  const disarm = () => {
    timers.forEach(clearTimeout);
    setSlow(false);
  };
  return {
    signal: controller.signal,
    hasPassed: () => passed,
    extend: () => {
      disarm();
      timers = arm();
    },
    end: () => {
      disarm();
      caller?.removeEventListener('abort', abort);
    },
  };
}

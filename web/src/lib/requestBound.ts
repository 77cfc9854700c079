import { createStoreWithListeners, useStore } from './store';

/** How long a server may keep silent on a request. */
export const REQUEST_BOUND_MS = 10_000;
/** From then on a person is told that an answer is still waited for. */
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

/** How many requests have been waiting for longer than people are patient. */
const slowStore = createStoreWithListeners(0);

/** Bounds one request, from its first byte to the last of its answer. Whoever starts it ends it. */
export function startBoundOfRequest(caller?: AbortSignal): RequestBound {
  const controller = new AbortController();
  const abort = () => controller.abort(caller?.reason);
  if (caller?.aborted) abort();
  caller?.addEventListener('abort', abort);
  let passed = false;
  let isSlow = false;
  const setSlow = (slow: boolean) => {
    if (slow !== isSlow) slowStore.set(slowStore.get() + (slow ? 1 : -1));
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

/** Whether an answer has been waited for so long that it should be said. */
export function useSlowAnswer(): boolean {
  return useStore(slowStore) > 0;
}

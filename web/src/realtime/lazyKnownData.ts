import type { QueryClient } from '@tanstack/react-query';

/** No first screen waits for it. Without its code nothing is kept, and nothing else is missed. */
async function loadKnownData() {
  try {
    return await import('./knownData');
  } catch {
    return null;
  }
}

export function keepKnownDataForOffline(client: QueryClient, userId: string): () => void {
  let stop: (() => void) | null = null;
  let stopped = false;
  void loadKnownData().then((part) => {
    if (!stopped) stop = part?.keepKnownDataForOffline(client, userId) ?? null;
  });
  return () => {
    stopped = true;
    stop?.();
  };
}

/** For whoever is next at this screen. */
export function forgetKnownData(): void {
  void loadKnownData().then((part) => part?.forgetKnownData());
}

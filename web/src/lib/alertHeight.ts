import { useSyncExternalStore } from 'react';

/** How high the alert bar is, in pixels: what opens below the header opens below it. */
let height = 0;
const listeners = new Set<() => void>();

export function setHeightOfAlerts(pixels: number): void {
  if (height === pixels) return;
  height = pixels;
  document.documentElement.style.setProperty('--alert-height', `${pixels}px`);
  listeners.forEach((listener) => listener());
}

function subscribeToHeight(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useAlertHeight(): number {
  return useSyncExternalStore(subscribeToHeight, () => height);
}

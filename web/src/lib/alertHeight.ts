import { createStoreWithListeners, useStore } from './store';

/** How high the alert bar is, in pixels: what opens below the header opens below it. */
const heightStore = createStoreWithListeners(0);

export function setHeightOfAlerts(pixels: number): void {
  document.documentElement.style.setProperty('--alert-height', `${pixels}px`);
  heightStore.set(pixels);
}

export function useAlertHeight(): number {
  return useStore(heightStore);
}

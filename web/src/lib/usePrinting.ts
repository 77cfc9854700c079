import { useSyncExternalStore } from 'react';

const print = typeof window.matchMedia === 'function' ? window.matchMedia('print') : null;

function subscribeToPrint(listener: () => void): () => void {
  print?.addEventListener('change', listener);
  return () => print?.removeEventListener('change', listener);
}

/** Whether the page is being put on paper, where nothing can be scrolled to. */
export function usePrinting(): boolean {
  return useSyncExternalStore(subscribeToPrint, () => print?.matches ?? false);
}

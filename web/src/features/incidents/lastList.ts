import { createStoreWithListeners } from '@owlpost/client';
import { useStore } from '../../lib/store';

/** The list that was looked at last, as its address has it: the way back leads there. */
const lastListStore = createStoreWithListeners('');

export function rememberListAsLast(search: string): void {
  lastListStore.set(search);
}

export function useLastList(): string {
  return useStore(lastListStore);
}

import { createStoreOfLink, type LinkState } from '@owlpost/client';
import { useStore } from '../lib/store';

/** How true the page is right now: there before its connection is, and for what needs none of it. */
export const linkStore = createStoreOfLink();

export function useLinkState(): LinkState {
  return useStore(linkStore);
}

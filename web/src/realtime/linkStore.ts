import { createStoreWithListeners, useStore } from '../lib/store';

/**
 * - `connecting`: the first connection of this page
 * - `catching-up`: connected, and the events of the gap are arriving
 * - `live`: every event arrives as it happens
 * - `reconnecting`: the connection broke and is being made anew
 * - `offline`: this machine has no network, or the server has not answered for a while
 */
export type LinkStatus = 'connecting' | 'catching-up' | 'live' | 'reconnecting' | 'offline';

export interface LinkState {
  status: LinkStatus;
  /** Events received so far while catching up, or in the last catching up. */
  caughtUp: number;
  /** How often this page has caught up. Counted, as all of it can happen between two drawings of the page. */
  catchUps: number;
  /** When the page last knew everything; milliseconds. */
  liveUntil: number | null;
  transport: 'polling' | 'websocket' | null;
}

const initial: LinkState = { status: 'connecting', caughtUp: 0, catchUps: 0, liveUntil: null, transport: null };
const store = createStoreWithListeners(initial);

export const linkStore = {
  get: store.get,
  subscribe: store.subscribe,
  set(change: Partial<LinkState>): void {
    const state = store.get();
    const next = { ...state, ...change };
    if (state.status === 'live' && next.status !== 'live') next.liveUntil = Date.now();
    store.set(next);
  },
  reset: (): void => store.set(initial),
};

export function useLinkState(): LinkState {
  return useStore(linkStore);
}

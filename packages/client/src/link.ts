import { createStoreWithListeners, type ReadableStore } from './store';

/**
 * - `connecting`: the first connection
 * - `catching-up`: connected, and the events of the gap are arriving
 * - `live`: every event arrives as it happens
 * - `reconnecting`: the connection broke and is being made anew
 * - `offline`: this machine has no network, or the server has not answered for a while; it is tried again by itself
 * - `refused`: nobody is signed in, or the server takes the token no more and there is no other; nothing is tried again
 */
export type LinkStatus = 'connecting' | 'catching-up' | 'live' | 'reconnecting' | 'offline' | 'refused';

export interface LinkState {
  status: LinkStatus;
  /** Events received so far while catching up, or in the last catching up. */
  caughtUp: number;
  /** How often it has caught up. Counted, as all of it can happen between two looks. */
  catchUps: number;
  /** When everything was last known; milliseconds. */
  liveUntil: number | null;
  transport: 'polling' | 'websocket' | null;
}

export interface LinkStore extends ReadableStore<LinkState> {
  set(change: Partial<LinkState>): void;
  reset(): void;
}

const initial: LinkState = { status: 'connecting', caughtUp: 0, catchUps: 0, liveUntil: null, transport: null };

/** How true is what an application shows. */
export function createStoreOfLink(): LinkStore {
  const store = createStoreWithListeners(initial);
  return {
    get: store.get,
    subscribe: store.subscribe,
    set(change) {
      const state = store.get();
      const next = { ...state, ...change };
      if (state.status === 'live' && next.status !== 'live') next.liveUntil = Date.now();
      store.set(next);
    },
    reset: () => store.set(initial),
  };
}

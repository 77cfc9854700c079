import { useSyncExternalStore } from 'react';

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
let state = initial;
const listeners = new Set<() => void>();

export const linkStore = {
  get: (): LinkState => state,
  set(change: Partial<LinkState>): void {
    const next = { ...state, ...change };
    if (state.status === 'live' && next.status !== 'live') next.liveUntil = Date.now();
    state = next;
    listeners.forEach((listener) => listener());
  },
  reset(): void {
    state = initial;
    listeners.forEach((listener) => listener());
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export function useLinkState(): LinkState {
  return useSyncExternalStore(linkStore.subscribe, linkStore.get);
}

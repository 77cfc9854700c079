import { createStoreWithListeners } from '@owlpost/client';
import { useStore } from './store';

/** How long somebody may think better of it. */
export const UNDO_MS = 6_000;

interface Waiting {
  send: () => void;
  timer: ReturnType<typeof setTimeout>;
}

/** What is hidden because it is about to be deleted. The data itself is untouched, so that nothing needs to be put back. */
const hidden = createStoreWithListeners<ReadonlySet<string>>(new Set());
const waiting = new Map<string, Waiting>();

function setHiddenState(id: string, isHidden: boolean): void {
  const next = new Set(hidden.get());
  if (isHidden) next.add(id);
  else next.delete(id);
  hidden.set(next);
}

function sendWaitingRequest(id: string): void {
  const entry = waiting.get(id);
  if (!entry) return;
  clearTimeout(entry.timer);
  waiting.delete(id);
  entry.send();
}

/** The page may not come back: what was asked for is sent before it goes. */
function sendAllWaitingRequests(): void {
  for (const id of [...waiting.keys()]) sendWaitingRequest(id);
}

function sendWhenPageIsHidden(): void {
  if (document.hidden) sendAllWaitingRequests();
}

/** Hides something at once and sends its deletion when the time for second thoughts is over, or the page is hidden. */
export function hideUntilSentOrUndone(id: string, send: () => void): void {
  if (waiting.has(id)) return;
  // Adding the same listener again changes nothing.
  window.addEventListener('pagehide', sendAllWaitingRequests);
  document.addEventListener('visibilitychange', sendWhenPageIsHidden);
  setHiddenState(id, true);
  waiting.set(id, { send, timer: setTimeout(() => sendWaitingRequest(id), UNDO_MS) });
}

/** `false`: it is too late. */
export function undoBeforeItIsSent(id: string): boolean {
  const entry = waiting.get(id);
  if (!entry) return false;
  clearTimeout(entry.timer);
  waiting.delete(id);
  setHiddenState(id, false);
  return true;
}

/** Its deletion was done or refused: from now on its data says whether it is shown. */
export function showHiddenThing(id: string): void {
  setHiddenState(id, false);
}

export function useHiddenIds(): ReadonlySet<string> {
  return useStore(hidden);
}

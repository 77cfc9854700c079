import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { useIsComingBack } from '../../lib/placeOfPage';

/** Where a reader was in a list. */
export interface ListPlace {
  /** The list, as its address has it. */
  search: string;
  scrollY: number;
  /** The incident that had the focus. */
  incidentId: string | null;
}

let lastPlace: ListPlace | null = null;

export function focusRowOfIncident(list: Element | null, incidentId: string): void {
  list?.querySelector<HTMLElement>(`[data-incident-id="${incidentId}"] a`)?.focus({ preventScroll: true });
}

/** Remembers where a reader is in a list, and takes them there again when they come back to it: to `start`. */
export function useListPlace(search: string, isLoaded: boolean): { frame: RefObject<HTMLDivElement | null>; start: ListPlace | null } {
  const frame = useRef<HTMLDivElement>(null);
  const isComingBack = useIsComingBack();
  const [start] = useState(() => (isComingBack && lastPlace?.search === search ? lastPlace : null));
  const restore = useEffectEvent(() => {
    if (!start) return;
    window.scrollTo(0, start.scrollY);
    if (start.incidentId) focusRowOfIncident(frame.current, start.incidentId);
  });
  useLayoutEffect(() => {
    if (isLoaded) restore();
  }, [isLoaded]);
  useEffect(() => {
    const note = (change: Partial<ListPlace>) => {
      const known = lastPlace?.search === search ? lastPlace : { incidentId: null };
      lastPlace = { search, scrollY: window.scrollY, incidentId: known.incidentId, ...change };
    };
    const noteScroll = () => note({});
    const noteFocus = (event: FocusEvent) => {
      const row = (event.target as Element).closest<HTMLElement>('[data-incident-id]');
      if (row && frame.current?.contains(row)) note({ incidentId: row.dataset.incidentId ?? null });
    };
    window.addEventListener('scroll', noteScroll, { passive: true });
    document.addEventListener('focusin', noteFocus);
    return () => {
      window.removeEventListener('scroll', noteScroll);
      document.removeEventListener('focusin', noteFocus);
    };
  }, [search]);
  return { frame, start };
}

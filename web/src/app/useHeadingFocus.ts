import { useEffect, useRef } from 'react';
import { useLocation } from 'react-router';
import { useIsComingBack } from '../lib/placeOfPage';

/** A new page without a page load: puts the focus on its heading, so that readers and keyboards begin there. */
export function useHeadingFocus(): void {
  const { pathname, hash } = useLocation();
  const isComingBack = useIsComingBack();
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    // Who comes back has been put where they were.
    const isPlaced = isComingBack && document.activeElement !== document.body;
    if (!isComingBack) window.scrollTo(0, 0);
    if (hash || isPlaced) return;
    document.querySelector<HTMLElement>('[data-page-heading]')?.focus({ preventScroll: true });
  }, [pathname, hash, isComingBack]);
}

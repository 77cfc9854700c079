import { useEffect, useRef } from 'react';
import { useLocation } from 'react-router';
import { useIsComingBack } from '../lib/placeOfPage';

function focusHeadingOfPage(): boolean {
  const heading = document.querySelector<HTMLElement>('[data-page-heading]');
  heading?.focus({ preventScroll: true });
  return heading !== null;
}

/** The heading may come later than the page: it gets the focus unless that has gone elsewhere meanwhile. */
function focusHeadingWhenItComes(): () => void {
  const before = document.activeElement;
  const observer = new MutationObserver(() => {
    const focused = document.activeElement;
    const isElsewhere = focused !== before && focused !== document.body;
    if (isElsewhere || focusHeadingOfPage()) observer.disconnect();
  });
  observer.observe(document.body, { childList: true, subtree: true });
  return () => observer.disconnect();
}

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
    if (hash || isPlaced || focusHeadingOfPage()) return;
    return focusHeadingWhenItComes();
  }, [pathname, hash, isComingBack]);
}

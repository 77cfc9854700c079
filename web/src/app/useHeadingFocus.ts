import { useEffect, useRef } from 'react';
import { useLocation } from 'react-router';

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
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    window.scrollTo(0, 0);
    if (hash || focusHeadingOfPage()) return;
    return focusHeadingWhenItComes();
  }, [pathname, hash]);
}

import { useEffect, useRef } from 'react';
import { useLocation } from 'react-router';

/** A new page without a page load: puts the focus on its heading, so that readers and keyboards begin there. */
export function useHeadingFocus(): void {
  const { pathname, hash } = useLocation();
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    window.scrollTo(0, 0);
    if (hash) return;
    document.querySelector<HTMLElement>('[data-page-heading]')?.focus({ preventScroll: true });
  }, [pathname, hash]);
}

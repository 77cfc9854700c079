import { useEffect, useEffectEvent, type RefObject } from 'react';

/** How much of it, and for how long, before a person can have seen it. */
const VISIBLE_PART = 0.6;
const VISIBLE_MS = 500;

/**
 * Calls `onSeen` once the element has really been on the screen: in view, in a tab that is shown. For another `key` it is called
 * once more; for an empty one never.
 */
export function useOnScreen(ref: RefObject<Element | null>, key: string, onSeen: () => void): void {
  const tell = useEffectEvent(onSeen);
  useEffect(() => {
    const element = ref.current;
    if (!element || key === '') return;
    let inView = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const judge = () => {
      clearTimeout(timer);
      if (inView && document.visibilityState === 'visible') timer = setTimeout(() => tell(), VISIBLE_MS);
    };
    const observer = new IntersectionObserver(
      (entries) => {
        inView = entries.some((entry) => entry.isIntersecting);
        judge();
      },
      { threshold: VISIBLE_PART },
    );
    observer.observe(element);
    document.addEventListener('visibilitychange', judge);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      document.removeEventListener('visibilitychange', judge);
    };
  }, [ref, key]);
}

import { useEffect, useRef } from 'react';
import { useShortcuts } from '../lib/shortcuts';

/** Stands in for the command menu while its code is on the way: who asks for it meanwhile gets it as soon as it is there. */
export function HeldCommandKey() {
  const isHeld = useRef(false);
  useShortcuts({
    single: {},
    withControl: {
      k: () => {
        isHeld.current = true;
      },
    },
  });
  useEffect(
    () => () => {
      // The menu listens after this.
      if (isHeld.current) queueMicrotask(() => document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true })));
    },
    [],
  );
  return null;
}

import { useEffect } from 'react';

function asksForCommands(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k';
}

/** Stands in for the command menu while its code is on the way: who asks for it meanwhile gets it as soon as it is there. */
export function HeldCommandKey() {
  useEffect(() => {
    let held: KeyboardEvent | null = null;
    const hold = (event: KeyboardEvent) => {
      if (!asksForCommands(event)) return;
      event.preventDefault();
      held = event;
    };
    document.addEventListener('keydown', hold);
    return () => {
      document.removeEventListener('keydown', hold);
      const again = held;
      // The menu listens after this.
      if (again) queueMicrotask(() => document.dispatchEvent(new KeyboardEvent('keydown', again)));
    };
  }, []);
  return null;
}

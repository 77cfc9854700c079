import { useEffect, useEffectEvent } from 'react';
import { settingsStore } from './settings';

const FIELDS = 'input, textarea, select, [contenteditable]:not([contenteditable="false"])';

/** A key means what is open: a dialog or a menu has the keys for itself. */
function isSomethingOpen(): boolean {
  return [...document.querySelectorAll('[role="dialog"], [role="menu"]')].some((element) => element.checkVisibility());
}

function isFreeForShortcut(event: KeyboardEvent): boolean {
  const { target } = event;
  const isTyping = event.isComposing || (target instanceof Element && target.closest(FIELDS) !== null);
  return !isTyping && !event.defaultPrevented && !isSomethingOpen();
}

export interface Shortcuts {
  /** By what the key writes, such as `/`; they can be turned off, and never take a key from a field or a dialog. */
  single: Readonly<Record<string, (event: KeyboardEvent) => void>>;
  /** With Ctrl or ⌘, also from within a field. */
  withControl: Readonly<Record<string, () => void>>;
}

export function useShortcuts({ single, withControl }: Shortcuts): void {
  const handle = useEffectEvent((event: KeyboardEvent) => {
    if (event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      const run = withControl[event.key.toLowerCase()];
      if (!run || event.shiftKey || isSomethingOpen()) return;
      event.preventDefault();
      run();
      return;
    }
    const run = Object.hasOwn(single, event.key) ? single[event.key] : undefined;
    if (!run || !settingsStore.get().singleKeys || !isFreeForShortcut(event)) return;
    event.preventDefault();
    run(event);
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => handle(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

/** What a key does on this page, as the element says that has it in `aria-keyshortcuts`. */
export function findElementOfKey(key: string): HTMLElement | undefined {
  const found = document.querySelectorAll<HTMLElement>(`[aria-keyshortcuts="${key}"]`);
  return [...found].find((element) => element.checkVisibility() && !element.matches(':disabled'));
}

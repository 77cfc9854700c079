import type { KeyboardEvent } from 'react';

/** The arrows go from comment to comment of a thread, which is one stop for Tab. */
export function moveFocusBetweenComments(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const comments = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-testid="comment"]')];
  const at = comments.findIndex((comment) => comment.contains(document.activeElement));
  // The thread opens at its end: the first arrow goes to the newest.
  const next = at === -1 ? comments.at(-1) : comments[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

const ROWS = '[aria-label="Incidents"] [data-incident-id]';

/** The next or the previous incident of the list; at first the topmost that is in view. */
export function moveFocusBetweenRows(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(ROWS)];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = at === -1 ? rows.find((row) => row.getBoundingClientRect().top >= 0) : rows[at + step];
  const link = next?.querySelector<HTMLElement>('a');
  link?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: 'nearest' });
}

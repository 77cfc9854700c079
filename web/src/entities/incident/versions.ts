import type { Incident } from '@owlpost/client';

/**
 * The one rule of versions: what belongs to an earlier version of an incident than the one that is known changes nothing. Changes
 * that name no version are this page's own, shown before the server has said what version they make.
 */
export function mergeChangesUnlessOlder<T extends Incident>(known: T, changes: Partial<Incident>): T {
  if (changes.version !== undefined && changes.version < known.version) return known;
  return { ...known, ...changes };
}

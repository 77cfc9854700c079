import type { Role, Severity, Status } from '../generated';

export const severityLabels: Record<Severity, string> = { MISCHIEF: 'Mischief', SERIOUS: 'Serious', CRITICAL: 'Critical' };
export const statusLabels: Record<Status, string> = { OPEN: 'Open', IN_PROGRESS: 'In progress', RESOLVED: 'Resolved' };
export const roleLabels: Record<Role, string> = { STUDENT: 'Student', PREFECT: 'Prefect', AUROR: 'Auror' };

export function formatCountWithNoun(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** "Ron", "Ron and Harry", "Ron, Harry and 2 others". */
export function joinNamesForReading(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length === 2) return `${names[0]} and ${names[1]}`;
  if (names.length === 3) return `${names[0]}, ${names[1]} and ${names[2]}`;
  return `${names[0]}, ${names[1]} and ${names.length - 2} others`;
}

/** The start of an id, enough for people to tell two incidents apart. UUID v7 begins with the time, so take the end. */
export function shortenIncidentIdForPeople(id: string): string {
  return `OWL-${id.slice(-5).toUpperCase()}`;
}

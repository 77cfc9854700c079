import type { Severity, Status, User } from '@owlpost/client';

export const severityLabels: Record<Severity, string> = { MISCHIEF: 'Mischief', SERIOUS: 'Serious', CRITICAL: 'Critical' };
export const statusLabels: Record<Status, string> = { OPEN: 'Open', IN_PROGRESS: 'In progress', RESOLVED: 'Resolved' };

/** The start of an id, enough for people to tell two incidents apart. UUID v7 begins with the time, so take the end. */
export function shortenIncidentIdForPeople(id: string): string {
  return `OWL-${id.slice(-5).toUpperCase()}`;
}

/** The value of a field in words: "Critical", "Harry Potter", "nothing". What a newer server knows is shown as it is. */
export function writeFieldValueForPeople(field: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing';
  if (field === 'severity') return severityLabels[value as Severity] ?? String(value);
  if (field === 'status') return statusLabels[value as Status] ?? String(value);
  if (typeof value === 'object') return (value as User).name;
  return String(value as string | number);
}

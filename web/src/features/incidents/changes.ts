import type { IncidentChanges } from '@owlpost/client';
import { severityLabels, statusLabels } from '../../entities/incident';

function describeChangesForPeople(changes: IncidentChanges): string[] {
  const parts: string[] = [];
  if (changes.title !== undefined) parts.push(`renamed it to “${changes.title}”`);
  if (changes.severity) parts.push(`set severity to ${severityLabels[changes.severity]}`);
  if (changes.status && changes.status !== 'RESOLVED') parts.push(`moved it to ${statusLabels[changes.status]}`);
  if (changes.assignee !== undefined) {
    parts.push(changes.assignee ? `assigned it to ${changes.assignee.name}` : 'took the assignment away');
  }
  if (changes.location !== undefined) {
    parts.push(changes.location ? `set the place to ${changes.location}` : 'removed the place');
  }
  if (changes.description !== undefined) parts.push('edited the description');
  return parts;
}

/** "set severity to Critical and edited the description"; empty when nothing is worth telling. */
export function describeChangeInWords(changes: IncidentChanges): string {
  return describeChangesForPeople(changes).join(' and ');
}

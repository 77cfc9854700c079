import type { Incident, IncidentChanges, User } from '../../generated';
import type { LoggedEvent } from '../../lib/cacheTypes';
import { severityLabels, statusLabels } from '../../lib/labels';

export type ActivityKind = 'created' | 'changed' | 'resolved' | 'comment' | 'escalated';

export interface ActivityEntry {
  key: string;
  kind: ActivityKind;
  who: string;
  what: string;
  at: string;
}

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

function readEntryFromLoggedEvent(logged: LoggedEvent): ActivityEntry | null {
  const { eventId: key, createdAt: at, payload } = logged;
  switch (logged.event) {
    case 'incident:created':
      return { key, kind: 'created', who: (payload.createdBy as User).name, what: 'reported this incident', at };
    case 'incident:updated': {
      const what = describeChangeInWords(payload.changes as IncidentChanges);
      return what ? { key, kind: 'changed', who: (payload.updatedBy as User).name, what, at } : null;
    }
    case 'incident:resolved':
      return { key, kind: 'resolved', who: (payload.resolvedBy as User).name, what: 'resolved it', at };
    case 'comment:created':
      return { key, kind: 'comment', who: (payload.author as User).name, what: 'commented', at };
    case 'escalation:critical':
      return { key, kind: 'escalated', who: 'Owl Post', what: 'called every Auror', at };
    default:
      return null;
  }
}

/** The story of an incident, newest first. The log may not reach back to the report, which the incident itself tells. */
export function buildActivityOfIncident(incident: Incident, log: readonly LoggedEvent[]): ActivityEntry[] {
  const entries = log.map(readEntryFromLoggedEvent).filter((entry): entry is ActivityEntry => entry !== null);
  if (!entries.some((entry) => entry.kind === 'created')) {
    entries.unshift({
      key: 'created',
      kind: 'created',
      who: incident.reportedBy.name,
      what: 'reported this incident',
      at: incident.createdAt,
    });
  }
  if (incident.resolvedBy && incident.resolvedAt && !entries.some((entry) => entry.kind === 'resolved')) {
    const { resolvedBy, resolvedAt } = incident;
    entries.push({ key: 'resolved', kind: 'resolved', who: resolvedBy.name, what: 'resolved it', at: resolvedAt });
  }
  return entries.reverse();
}

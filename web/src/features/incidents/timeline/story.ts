import type { User } from '@owlpost/client';
import { writeFieldValueForPeople } from '../../../entities/incident';
import type { FieldChange, TimelineEntry, TimelineKind } from '../../../entities/activity';
import { joinNamesForReading } from '../../../lib/labels';
import { formatDayOfTime } from '../../../lib/time';

/** What a person may want to see alone. */
export type StoryFilter = 'all' | 'changes' | 'comments' | 'reached' | 'viewed';

const kindsOfFilters: Record<Exclude<StoryFilter, 'all'>, readonly TimelineKind[]> = {
  changes: ['created', 'updated', 'acknowledged', 'resolved'],
  comments: ['commented', 'comment_deleted'],
  reached: ['notified', 'delivered', 'seen', 'read', 'escalated', 'acknowledged'],
  viewed: ['viewed'],
};

export const storyFilters: readonly { value: StoryFilter; label: string }[] = [
  { value: 'all', label: 'Everything' },
  { value: 'changes', label: 'Changes' },
  { value: 'comments', label: 'Comments' },
  { value: 'reached', label: 'Told and seen' },
  { value: 'viewed', label: 'Viewed' },
];

const fieldLabels: Record<string, string> = {
  title: 'title',
  description: 'description',
  severity: 'severity',
  status: 'status',
  location: 'place',
  assignee: 'assignee',
  resolution: 'resolution',
};

/** "severity: Mischief → Critical". Who took or resolved it, and when, the entry itself says. */
export function listChangesForPeople(changes: readonly FieldChange[]): { field: string; from: string; to: string }[] {
  return changes
    .filter(({ field }) => field in fieldLabels)
    .map(({ field, from, to }) => ({
      field: fieldLabels[field] ?? field,
      from: writeFieldValueForPeople(field, from),
      to: writeFieldValueForPeople(field, to),
    }));
}

function nameListedPeople(people: readonly User[] | undefined): string {
  return joinNamesForReading((people ?? []).map((person) => person.name)) || 'nobody';
}

/** One line of the story, without who did it. */
export function describeEntryInWords(entry: TimelineEntry): string {
  switch (entry.kind) {
    case 'created':
      return 'reported this incident';
    case 'updated':
      return entry.changes?.some(({ field, from }) => field === 'status' && from === 'RESOLVED') ? 'reopened it' : 'edited it';
    case 'acknowledged':
      return 'took it';
    case 'resolved':
      return 'resolved it';
    case 'commented':
      return entry.comment?.isDeleted ? 'commented (deleted since)' : 'commented';
    case 'comment_deleted':
      return 'deleted a comment';
    case 'notified':
      return `told ${nameListedPeople(entry.people)}`;
    case 'delivered':
      return 'was reached';
    case 'seen':
      return 'has seen it';
    case 'read':
      return 'read of it';
    case 'escalated': {
      const why = entry.escalation?.reason === 'unseen' ? 'nobody had seen it' : 'nobody had taken it';
      return `step ${entry.escalation?.step ?? '?'}: ${why}`;
    }
    case 'viewed':
      return entry.until ? 'looked at it' : 'is looking at it';
    default:
      return 'did something a newer version knows';
  }
}

export function filterStoryByKind(entries: readonly TimelineEntry[], filter: StoryFilter): TimelineEntry[] {
  if (filter === 'all') return [...entries];
  const kinds = kindsOfFilters[filter];
  return entries.filter((entry) => kinds.includes(entry.kind));
}

/** Entries by the day on which they happened, both newest first. */
export function groupStoryByDay(entries: readonly TimelineEntry[]): { day: string; entries: TimelineEntry[] }[] {
  const days: { day: string; entries: TimelineEntry[] }[] = [];
  for (const entry of entries) {
    const day = formatDayOfTime(entry.at);
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}

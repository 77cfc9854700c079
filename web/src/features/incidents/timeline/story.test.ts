import { describe, expect, it } from 'vitest';
import type { TimelineEntry } from '../../../entities/activity';
import { percy } from '../../../lib/testData';
import { describeEntryInWords, filterStoryByKind, groupStoryByDay, listChangesForPeople } from './story';

const entry = (part: Partial<TimelineEntry>): TimelineEntry => ({
  id: '1',
  kind: 'created',
  at: '2026-01-01T10:00:00.000Z',
  until: null,
  actor: percy,
  eventId: null,
  ...part,
});

describe('the story of an incident', () => {
  it('should say what was and what is, in the words of the page', () => {
    const changes = [
      { field: 'severity', from: 'MISCHIEF', to: 'CRITICAL' },
      { field: 'assignee', from: null, to: percy },
      { field: 'acknowledgedAt', from: null, to: '2026-01-01T10:00:00.000Z' },
    ];
    expect(listChangesForPeople(changes)).toEqual([
      { field: 'severity', from: 'Mischief', to: 'Critical' },
      { field: 'assignee', from: 'nothing', to: 'Percy Weasley' },
    ]);
  });

  it('should be one line for every kind', () => {
    expect(describeEntryInWords(entry({ kind: 'notified', people: [percy] }))).toBe('told Percy Weasley');
    const step = { step: 2, reason: 'unseen', notified: 4 } as const;
    expect(describeEntryInWords(entry({ kind: 'escalated', escalation: step }))).toBe('step 2: nobody had seen it');
    const comment = { id: 'c1', content: null, isDeleted: true };
    expect(describeEntryInWords(entry({ kind: 'commented', comment }))).toContain('deleted');
    const changes = [{ field: 'status', from: 'RESOLVED', to: 'OPEN' }];
    expect(describeEntryInWords(entry({ kind: 'updated', changes }))).toBe('reopened it');
  });

  it('should be grouped by day and filtered by kind', () => {
    const entries = [entry({ id: '3', at: '2026-01-02T09:00:00.000Z', kind: 'seen' }), entry({ id: '2', kind: 'commented' }), entry({})];
    expect(groupStoryByDay(entries).map((day) => day.entries.length)).toEqual([1, 2]);
    expect(filterStoryByKind(entries, 'comments').map((each) => each.id)).toEqual(['2']);
    expect(filterStoryByKind(entries, 'all')).toHaveLength(3);
  });
});

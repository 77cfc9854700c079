import { describe, expect, it } from 'vitest';
import { buildIncidentForTest, harry, percy } from '../../realtime/testData';
import { buildActivityOfIncident, describeChangeInWords } from './activity';
import { ToastBurst } from './ToastBurst';
import { nameViewOfFilters } from './views';

describe('the story of an incident', () => {
  it('should be newest first and begin with the report', () => {
    const incident = buildIncidentForTest({ id: 'i1' });
    const log = [
      {
        eventId: '4',
        event: 'incident:updated',
        payload: { incidentId: 'i1', changes: { severity: 'SERIOUS', version: 2 }, updatedBy: percy },
        createdAt: '2026-01-01T11:00:00.000Z',
      },
    ];
    expect(buildActivityOfIncident(incident, log).map((entry) => `${entry.who} ${entry.what}`)).toEqual([
      'Percy Weasley set severity to Serious',
      'Harry Potter reported this incident',
    ]);
  });

  it('should say several changes in one sentence, and nothing of a bare version', () => {
    expect(describeChangeInWords({ assignee: harry, location: null })).toBe('assigned it to Harry Potter and removed the place');
    expect(describeChangeInWords({ version: 3 })).toBe('');
  });
});

describe('a burst of news', () => {
  it('should let three through and gather the rest until it is quiet', () => {
    let now = 0;
    const burst = new ToastBurst(3, 1_000, () => now);
    expect([1, 2, 3, 4, 5].map(() => burst.countNewsInWindow())).toEqual([0, 0, 0, 1, 2]);
    now = 5_000;
    expect(burst.countNewsInWindow()).toBe(0);
  });
});

describe('views', () => {
  it('should be named by their filters, whatever the order of keys', () => {
    expect(nameViewOfFilters({})).toBe('All incidents');
    expect(nameViewOfFilters({ assignee: 'none', status: ['OPEN', 'IN_PROGRESS'] })).toBe('Unassigned');
    expect(nameViewOfFilters({ q: 'troll' })).toBe('Incidents');
  });
});

import { describe, expect, it } from 'vitest';
import { buildIncidentForTest, harry, percy } from '../../../lib/testData';
import { describeAlertInWords, listAlertsOfIncidents } from './alerts';

describe('the alert bar', () => {
  it('should hold what nobody has taken and this person has not sent away', () => {
    const open = buildIncidentForTest({ id: 'open' });
    const taken = buildIncidentForTest({ id: 'taken', acknowledgedBy: percy, acknowledgedAt: '2026-01-01T10:00:00.000Z' });
    const away = buildIncidentForTest({ id: 'away' });
    expect(listAlertsOfIncidents([open, taken, away], ['away']).map((each) => each.id)).toEqual(['open']);
  });

  it('should say who, what and where, and whose it is', () => {
    const incident = buildIncidentForTest({ id: 'i1', title: 'Basilisk', location: 'the dungeon', assignee: percy });
    expect(describeAlertInWords(incident, harry)).toBe('Critical: Basilisk, reported by Harry Potter in the dungeon');
    expect(describeAlertInWords(incident, percy)).toContain('assigned to you');
  });
});

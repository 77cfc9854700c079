import { describe, expect, it } from 'vitest';
import { matchIncidentAgainstFilters, readFiltersFromSearchParams, writeFiltersToSearchParams } from './filters';

describe('filters', () => {
  it('should survive the address bar', () => {
    const filters = { status: ['OPEN' as const], severity: ['SERIOUS' as const, 'CRITICAL' as const], assignee: 'me', q: 'troll' };
    expect(readFiltersFromSearchParams(writeFiltersToSearchParams(filters))).toEqual(filters);
  });

  it('should drop what an address made up', () => {
    expect(readFiltersFromSearchParams(new URLSearchParams('status=GONE,OPEN&severity=x&q=%20'))).toEqual({ status: ['OPEN'] });
  });

  it('should match every word of a search', () => {
    const incident = { title: 'Troll in the dungeon', description: null, location: 'Dungeons', assignee: null } as never;
    expect(matchIncidentAgainstFilters(incident, { q: 'dungeon TRO' }, 'u1')).toBe(true);
    expect(matchIncidentAgainstFilters(incident, { q: 'dung troll' }, 'u1')).toBe(false);
    expect(matchIncidentAgainstFilters(incident, { q: 'dungeon ghost' }, 'u1')).toBe(false);
  });
});

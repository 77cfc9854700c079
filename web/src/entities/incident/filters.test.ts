import { describe, expect, it } from 'vitest';
import { filtersOfDuty, readFiltersFromSearchParams, readSortOfFilters, writeFiltersToSearchParams } from './filters';

describe('filters', () => {
  it('should survive the address bar', () => {
    const filters = { status: ['OPEN' as const], severity: ['SERIOUS' as const, 'CRITICAL' as const], assignee: 'me', q: 'troll' };
    expect(readFiltersFromSearchParams(writeFiltersToSearchParams(filters))).toEqual(filters);
  });

  it('should drop what an address made up', () => {
    expect(readFiltersFromSearchParams(new URLSearchParams('status=GONE,OPEN&severity=x&q=%20'))).toEqual({ status: ['OPEN'] });
  });

  it('should take the bare address for what is at work, by urgency, and keep older addresses as they were', () => {
    const read = (text: string) => readFiltersFromSearchParams(new URLSearchParams(text));
    expect(read('')).toEqual(filtersOfDuty);
    expect(read('sort=newest')).toEqual({ ...filtersOfDuty, sort: 'newest' });
    expect(read('view=all')).toEqual({});
    expect(read('q=troll')).toEqual({ q: 'troll' });
    expect(writeFiltersToSearchParams(filtersOfDuty).toString()).toBe('');
    expect(writeFiltersToSearchParams({}).toString()).toBe('view=all');
    expect(readSortOfFilters(filtersOfDuty)).toBe('urgency');
    expect(readSortOfFilters({ ...filtersOfDuty, sort: 'newest' })).toBe('newest');
    expect(readSortOfFilters({})).toBe('newest');
  });
});

import { describe, expect, it } from 'vitest';
import { harry } from '../../lib/testData';
import { ToastBurst } from './ToastBurst';
import { describeChangeInWords } from './changes';
import { nameViewOfFilters } from './views';

describe('a change in words', () => {
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

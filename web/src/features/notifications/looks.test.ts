import { describe, expect, it } from 'vitest';
import { findPlaceOfNotification } from './looks';

describe('where a notification leads', () => {
  it('should be where the server says, and for its own notices the page of outlets', () => {
    expect(findPlaceOfNotification('mention', '/incidents/i1')).toBe('/incidents/i1');
    expect(findPlaceOfNotification('mention', null)).toBeNull();
    expect(findPlaceOfNotification('system', '')).toBe('/outlets');
    expect(findPlaceOfNotification('system', '/elsewhere')).toBe('/elsewhere');
  });
});

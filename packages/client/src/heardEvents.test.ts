import { describe, expect, it } from 'vitest';
import { HeardEvents, pickLaterEventPosition } from './heardEvents';

describe('positions', () => {
  it('should compare as numbers of any length', () => {
    expect(pickLaterEventPosition('9', '10')).toBe('10');
    expect(pickLaterEventPosition('90071992547409931', '90071992547409930')).toBe('90071992547409931');
    expect(pickLaterEventPosition(null, '1')).toBe('1');
  });
});

describe('what was heard', () => {
  it('should know a replayed event, also out of order, and keep the highest position', () => {
    const heard = new HeardEvents();
    expect(heard.recordEventUnlessSeen('12')).toBe(true);
    expect(heard.recordEventUnlessSeen('9')).toBe(true);
    expect(heard.recordEventUnlessSeen('12')).toBe(false);
    expect(heard.position).toBe('12');
  });

  it('should stay bounded: only the latest are remembered', () => {
    const heard = new HeardEvents();
    for (let at = 1; at <= 6_000; at += 1) heard.recordEventUnlessSeen(String(at));
    expect(heard.recordEventUnlessSeen('6000')).toBe(false);
    expect(heard.recordEventUnlessSeen('1')).toBe(true);
  });
});

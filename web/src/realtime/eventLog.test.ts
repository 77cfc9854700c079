import { describe, expect, it } from 'vitest';
import { buildEventForTest, buildIncidentForTest, harry } from '../lib/testData';
import { HeardEvents, pickLaterEventPosition } from './eventLog';

const created = (eventId: string) =>
  buildEventForTest('incident:created', { eventId, incident: buildIncidentForTest({ id: eventId }), createdBy: harry });

describe('positions', () => {
  it('should compare as numbers of any length', () => {
    expect(pickLaterEventPosition('9', '10')).toBe('10');
    expect(pickLaterEventPosition('90071992547409931', '90071992547409930')).toBe('90071992547409931');
    expect(pickLaterEventPosition(null, '1')).toBe('1');
  });
});

describe('HeardEvents', () => {
  it('should know a replayed event, also out of order, and keep the highest position', () => {
    const heard = new HeardEvents();
    expect(heard.recordEventUnlessSeen(created('12'))).toBe(true);
    expect(heard.recordEventUnlessSeen(created('9'))).toBe(true);
    expect(heard.recordEventUnlessSeen(created('12'))).toBe(false);
    expect(heard.position).toBe('12');
  });

  it('should list what came since a mark', () => {
    const heard = new HeardEvents();
    heard.recordEventUnlessSeen(created('1'));
    const mark = heard.mark;
    heard.recordEventUnlessSeen(created('2'));
    expect(heard.listEventsSinceMark(mark)?.map((event) => event.payload.eventId)).toEqual(['2']);
  });

  it('should stay bounded, and say when a mark is too old', () => {
    const heard = new HeardEvents();
    for (let at = 1; at <= 6_000; at += 1) heard.recordEventUnlessSeen(created(String(at)));
    expect(heard.listEventsSinceMark(0)).toBeNull();
    expect(heard.listEventsSinceMark(heard.mark - 1)).toHaveLength(1);
    // Only the latest are remembered as seen.
    expect(heard.recordEventUnlessSeen(created('6000'))).toBe(false);
    expect(heard.recordEventUnlessSeen(created('1'))).toBe(true);
  });
});

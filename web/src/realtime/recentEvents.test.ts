import { describe, expect, it } from 'vitest';
import { buildEventForTest, buildIncidentForTest, harry } from '../lib/testData';
import { RecentEvents } from './recentEvents';

const created = (eventId: string) =>
  buildEventForTest('incident:created', { eventId, incident: buildIncidentForTest({ id: eventId }), createdBy: harry });

describe('the latest events', () => {
  it('should be listed since a mark', () => {
    const recent = new RecentEvents();
    recent.append(created('1'));
    const { mark } = recent;
    recent.append(created('2'));
    expect(recent.listEventsSinceMark(mark)?.map((event) => event.payload.eventId)).toEqual(['2']);
  });

  it('should stay bounded, and say when a mark is too old', () => {
    const recent = new RecentEvents();
    for (let at = 1; at <= 6_000; at += 1) recent.append(created(String(at)));
    expect(recent.listEventsSinceMark(0)).toBeNull();
    expect(recent.listEventsSinceMark(recent.mark - 1)).toHaveLength(1);
  });
});

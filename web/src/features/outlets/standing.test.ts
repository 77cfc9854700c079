import { describe, expect, it } from 'vitest';
import { buildOutletForTest } from './testData';
import { countWaitingEvents, judgeStandingOfOutlet } from './standing';

describe('how an outlet fares', () => {
  const now = new Date('2026-01-01T10:00:00.000Z').getTime();
  const judge = (part: Parameters<typeof buildOutletForTest>[0]) => judgeStandingOfOutlet(buildOutletForTest({ followedAt: '2026-01-01T10:00:00.000Z', ...part }), now);

  it('should be told from what the server says, the worst first', () => {
    expect(judge({})).toBe('live');
    expect(judge({ lagEvents: 1 })).toBe('behind');
    expect(judge({ lagEvents: 1, followedAt: '2026-01-01T09:59:00.000Z' })).toBe('behind');
    expect(judge({ lagEvents: 1, followedAt: '2026-01-01T09:58:59.999Z' })).toBe('unfollowed');
    expect(judge({ failingSince: '2026-01-01T09:00:00.000Z', followedAt: '2026-01-01T09:00:00.000Z' })).toBe('failing');
    expect(judge({ paused: true, failingSince: '2026-01-01T09:00:00.000Z' })).toBe('disabled');
  });

  it('should count what waits up to where the server counts', () => {
    expect([0, 1, 99_999, 100_000].map(countWaitingEvents)).toEqual(['0 events wait', '1 event waits', '99,999 events wait', '100,000 events wait or more']);
  });
});

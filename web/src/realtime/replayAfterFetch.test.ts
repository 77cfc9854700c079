import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { type IncidentDetail, incidentKeys } from '../entities/incident';
import { buildEventForTest, buildIncidentForTest, harry } from '../lib/testData';
import { CacheWriter } from './cacheWriter';
import { RecentEvents } from './recentEvents';
import { replayRecentEventsAfterFetches } from './replayAfterFetch';

describe('an answer older than an event', () => {
  it('should not undo the event', async () => {
    const client = new QueryClient();
    const recent = new RecentEvents();
    const writer = new CacheWriter(client, () => harry);
    const stop = replayRecentEventsAfterFetches(client, recent, writer);
    const queryKey = incidentKeys.detail('i1');
    let answer: (incident: IncidentDetail) => void = () => undefined;
    const fetched = client.fetchQuery({
      queryKey,
      queryFn: () => new Promise<IncidentDetail>((resolve) => (answer = resolve)),
    });
    const event = buildEventForTest('incident:updated', {
      incidentId: 'i1',
      changes: { severity: 'CRITICAL', version: 2 },
      updatedBy: harry,
    });
    recent.append(event);
    writer.applyEventsToAllQueries([event]);
    answer(buildIncidentForTest({ id: 'i1' }));
    await fetched;
    expect(client.getQueryData<IncidentDetail>(queryKey)?.severity).toBe('CRITICAL');
    stop();
    client.clear();
  });
});

import type { Incident } from '@owlpost/client';
import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type IncidentFilters, incidentKeys, type IncidentPages } from '../entities/incident';
import { buildEventForTest, buildIncidentForTest, harry, percy } from '../lib/testData';
import { CacheWriter } from './cacheWriter';

const all: IncidentFilters = {};
const resolved: IncidentFilters = { status: ['RESOLVED'] };

function buildPages(...incidents: Incident[]): IncidentPages {
  return { pages: [{ incidents, nextBefore: null }], pageParams: [null] };
}

function buildClient(lists: [IncidentFilters, Incident[]][]): QueryClient {
  const client = new QueryClient();
  for (const [filters, incidents] of lists) client.setQueryData(incidentKeys.list(filters), buildPages(...incidents));
  return client;
}

const readTitles = (client: QueryClient, filters: IncidentFilters) =>
  client.getQueryData<IncidentPages>(incidentKeys.list(filters))?.pages.flatMap((page) => page.incidents.map(({ title }) => title));

const stories = () => {
  const fresh = buildIncidentForTest({ id: 'i2', title: 'New', createdAt: '2026-01-02T10:00:00.000Z' });
  return [
    buildEventForTest('incident:created', { incident: fresh, createdBy: harry }),
    buildEventForTest('incident:updated', { incidentId: 'i2', changes: { title: 'Renamed', version: 2 }, updatedBy: percy }),
    buildEventForTest('incident:updated', { incidentId: 'i1', changes: { title: 'First renamed', version: 2 }, updatedBy: percy }),
    buildEventForTest('incident:updated', { incidentId: 'i2', changes: { status: 'RESOLVED', version: 3 }, updatedBy: percy }),
  ];
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('should come to the same as the events one by one, and write each query once', () => {
  const first = buildIncidentForTest({ id: 'i1', title: 'First' });
  const lists: [IncidentFilters, Incident[]][] = [[all, [first]], [resolved, []]];
  const [together, oneByOne] = [buildClient(lists), buildClient(lists)];
  const set = vi.spyOn(together, 'setQueryData');
  const invalidate = vi.spyOn(together, 'invalidateQueries');
  const events = stories();
  new CacheWriter(together, () => harry).applyEventsToAllQueries(events);
  const writer = new CacheWriter(oneByOne, () => harry);
  for (const event of events) writer.applyEventsToAllQueries([event]);
  vi.advanceTimersByTime(1_000);

  for (const filters of [all, resolved]) expect(readTitles(together, filters)).toEqual(readTitles(oneByOne, filters));
  expect(readTitles(together, all)).toEqual(['Renamed', 'First renamed']);
  // As the earlier events of the frame have left it, without asking the server.
  expect(readTitles(together, resolved)).toEqual(['Renamed']);
  expect(set).toHaveBeenCalledTimes(2);
  expect(invalidate).not.toHaveBeenCalled();
});

it('should ask the server once for what a frame tells of the unknown', () => {
  const client = buildClient([[all, []]]);
  const invalidate = vi.spyOn(client, 'invalidateQueries');
  const change = (version: number) =>
    buildEventForTest('incident:updated', { incidentId: 'far', changes: { title: `v${version}`, version }, updatedBy: percy });
  new CacheWriter(client, () => harry).applyEventsToAllQueries([change(2), change(3)]);
  vi.advanceTimersByTime(1_000);
  expect(invalidate).toHaveBeenCalledTimes(1);
});

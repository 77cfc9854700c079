import type { DomainEvent, Incident } from '@owlpost/client';
import { describe, expect, it } from 'vitest';
import { buildEventForTest, buildIncidentForTest, harry, percy } from '../../lib/testData';
import { applyEventToIncident, type IncidentFilters, type IncidentPages, reduceIncidentPagesWithEvent } from '.';

const at = (minute: number) => `2026-01-01T10:${String(minute).padStart(2, '0')}:00.000Z`;
const incident = (minute: number, part: Partial<Incident> = {}) =>
  buildIncidentForTest({ id: `i${minute}`, createdAt: at(minute), ...part });
const pages = (nextBefore: string | null, ...lists: Incident[][]): IncidentPages => ({
  pages: lists.map((incidents, index) => ({ incidents, nextBefore: index === lists.length - 1 ? nextBefore : 'more' })),
  pageParams: lists.map(() => null),
});
const reduce = (data: IncidentPages, event: DomainEvent, filters: IncidentFilters = {}, known?: Incident) =>
  reduceIncidentPagesWithEvent(data, event, { filters, me: percy, findKnownIncident: () => known });
const ids = (data: IncidentPages) => data.pages.map((page) => page.incidents.map((each) => each.id));

describe('a list of incidents', () => {
  it('should take a created incident at its place, once', () => {
    const event = buildEventForTest('incident:created', { incident: incident(5), createdBy: harry });
    const once = reduce(pages(null, [incident(7), incident(3)]), event).pages;
    expect(ids(once)).toEqual([['i7', 'i5', 'i3']]);
    expect(ids(reduce(once, event).pages)).toEqual([['i7', 'i5', 'i3']]);
  });

  it('should leave what is older than all pages to its own page', () => {
    const event = buildEventForTest('incident:created', { incident: incident(1), createdBy: harry });
    expect(ids(reduce(pages('i3', [incident(7)], [incident(3)]), event).pages)).toEqual([['i7'], ['i3']]);
    expect(ids(reduce(pages(null, [incident(7)], [incident(3)]), event).pages)).toEqual([['i7'], ['i3', 'i1']]);
  });

  it('should not take what its filters leave out', () => {
    const event = buildEventForTest('incident:created', { incident: incident(5), createdBy: harry });
    expect(ids(reduce(pages(null, []), event, { severity: ['CRITICAL'] }).pages)).toEqual([[]]);
  });

  it('should drop an incident that no longer matches, and take one that now does', () => {
    const event = buildEventForTest('incident:updated', {
      incidentId: 'i5',
      changes: { assignee: percy, version: 2 },
      updatedBy: harry,
    });
    const unassigned = reduce(pages(null, [incident(5)]), event, { assignee: 'none' });
    expect(ids(unassigned.pages)).toEqual([[]]);
    const mine = reduce(pages(null, []), event, { assignee: 'me' }, incident(5));
    expect(ids(mine.pages)).toEqual([['i5']]);
    expect(mine.unknown).toBe(false);
  });

  it('should ask for a refetch when an unknown incident changed', () => {
    const event = buildEventForTest('incident:updated', { incidentId: 'x', changes: { version: 2 }, updatedBy: harry });
    expect(reduce(pages(null, []), event).unknown).toBe(true);
  });

  it('should keep untouched pages as they are', () => {
    const data = pages(null, [incident(7)], [incident(3)]);
    const event = buildEventForTest('incident:updated', {
      incidentId: 'i3',
      changes: { severity: 'SERIOUS', version: 2 },
      updatedBy: harry,
    });
    const next = reduce(data, event).pages;
    expect(next.pages[0]).toBe(data.pages[0]);
    expect(next.pages[1]?.incidents[0]?.severity).toBe('SERIOUS');
  });
});

describe('a list by urgency', () => {
  const atWork: IncidentFilters = { status: ['OPEN', 'IN_PROGRESS'] };

  it('should put an incident among those as severe, behind the older ones', () => {
    const event = buildEventForTest('incident:created', { incident: incident(5, { severity: 'SERIOUS' }), createdBy: harry });
    const data = pages(null, [incident(9, { severity: 'CRITICAL' }), incident(3, { severity: 'SERIOUS' }), incident(1)]);
    expect(ids(reduce(data, event, atWork).pages)).toEqual([['i9', 'i3', 'i5', 'i1']]);
  });

  it('should move an incident that became more severe', () => {
    const event = buildEventForTest('incident:updated', { incidentId: 'i1', changes: { severity: 'CRITICAL', version: 2 }, updatedBy: harry });
    const data = pages(null, [incident(3, { severity: 'SERIOUS' })], [incident(1)]);
    expect(ids(reduce(data, event, atWork).pages)).toEqual([['i1', 'i3'], []]);
  });
});

describe('a list that grows by events', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => incident(0, { id: `o${String(500 - at).padStart(3, '0')}` }));
  const event = buildEventForTest('incident:created', { incident: incident(59), createdBy: harry });

  it('should keep what it holds at its bound, and ask the server for the rest', () => {
    const within = reduce(pages(null, many(299)), event).pages;
    expect(within.pages[0]?.incidents).toHaveLength(300);
    expect(within.pages[0]?.nextBefore).toBeNull();
    const beyond = reduce(pages(null, many(300)), event).pages;
    expect(beyond.pages[0]?.incidents).toHaveLength(300);
    expect(beyond.pages[0]?.nextBefore).toBe(beyond.pages[0]?.incidents.at(-1)?.id);
    expect(beyond.pages[0]?.incidents[0]?.id).toBe('i59');
  });
});

describe('a search', () => {
  it('should ask the server which incidents it finds', () => {
    const event = buildEventForTest('incident:created', { incident: incident(5), createdBy: harry });
    const { pages: after, unknown } = reduce(pages(null, [incident(3)]), event, { q: 'troll' });
    expect(ids(after)).toEqual([['i3']]);
    expect(unknown).toBe(true);
  });
});

describe('one incident', () => {
  it('should not be put back by an older event', () => {
    const event = buildEventForTest('incident:updated', {
      incidentId: 'i5',
      changes: { title: 'old', version: 3 },
      updatedBy: harry,
    });
    const current = incident(5, { title: 'new', version: 4 });
    expect(applyEventToIncident(current, event)).toBe(current);
  });

  it('should be resolved with who and how', () => {
    const event = buildEventForTest('incident:resolved', { incidentId: 'i5', resolvedBy: percy, resolution: 'Gone' });
    expect(applyEventToIncident(incident(5), event)).toMatchObject({
      status: 'RESOLVED',
      resolvedBy: percy,
      resolution: 'Gone',
    });
  });
});

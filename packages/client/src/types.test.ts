import { expect, it } from 'vitest';
import type { OwlPostCalls, OwlPostEvents } from './events';
import type { IncidentHubEvents, IncidentHubMethods } from './generated/hub';
import { createOwlPost } from './index';

type ValuesOf<T> = T[keyof T];
type RequestsOf<T> = { [M in keyof T]: T[M] extends (request: infer R) => unknown ? R : never }[keyof T];

/** What the server says and takes, as generated from its tables, is all among what this client knows: otherwise this does not compile. */
const unknownEvents: Exclude<ValuesOf<IncidentHubEvents>, ValuesOf<OwlPostEvents>>[] = [];
const unknownCalls: Exclude<RequestsOf<IncidentHubMethods>, ValuesOf<OwlPostCalls>['request'] | string>[] = [];
const checkedUnknowns: never[] = [...unknownEvents, ...unknownCalls];

/** Checked by the compiler: never called. */
async function callRestWithTypes() {
  const { rest } = createOwlPost({ url: '' });
  const { incidents } = await rest.get('/api/incidents', { query: { status: ['OPEN'], before: null } });
  const title: string | undefined = incidents[0]?.title;
  const { incident } = await rest.delete('/api/incidents/{id}', { path: { id: '1' } });
  const gone: undefined = await rest.delete('/api/tokens/{id}', { path: { id: incident.id } });
  // @ts-expect-error: which incident?
  await rest.get('/api/incidents/{id}');
  // @ts-expect-error: no incident without a title
  await rest.post('/api/incidents', { body: { severity: 'CRITICAL' } });
  // @ts-expect-error: incidents cannot be deleted all at once
  await rest.delete('/api/incidents');
  // @ts-expect-error: what is read has no body
  await rest.get('/api/incidents', { body: 1 });
  return [title, gone];
}

it('should know paths, parameters, bodies and answers at compile time', () => {
  expect(callRestWithTypes).toBeTypeOf('function');
  expect(checkedUnknowns).toEqual([]);
});

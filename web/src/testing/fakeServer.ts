import type { Comment, Incident, Notification, User } from '@owlpost/client';
import type { ErrorCode, ErrorDescription, paths, TimelineEntry } from '@owlpost/client/rest';
import { setupServer } from 'msw/node';
import { createOpenApiHttp } from 'openapi-msw';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { harry, percy } from '../lib/testData';

/** MSW with the paths, bodies and answers of the server's own description: what it would not send does not compile. */
export const http = createOpenApiHttp<paths>();

/** What the fake server knows. A test writes into it. */
export class House {
  people: User[] = [harry, percy];
  incidents: Incident[] = [];
  comments: Comment[] = [];
  notifications: Notification[] = [];
  timeline: TimelineEntry[] = [];

  findIncident(id: string): Incident {
    const found = this.incidents.find((incident) => incident.id === id);
    if (!found) throw new Error(`The fake server has no incident ${id}`);
    return found;
  }

  change(id: string, changes: Partial<Incident>): Incident {
    const known = this.findIncident(id);
    const changed = { ...known, ...changes, version: known.version + 1 };
    this.incidents = this.incidents.map((each) => (each.id === id ? changed : each));
    return changed;
  }
}

export function describeRefusal(code: ErrorCode, message: string, details?: ErrorDescription['details']): { error: ErrorDescription } {
  return { error: { code, message, details } };
}

/** An answer that waits until a test lets it go. */
export function holdAnswerBack(): { held: Promise<void>; letGo: () => void } {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  return { held, letGo };
}

/** What the server answers when nothing is wrong: as far as the tested screens ask. */
function listHandlersOfHouse(house: House) {
  return [
    http.get('/api/incidents', ({ response }) => response(200).json({ incidents: house.incidents, nextBefore: null })),
    http.get('/api/incidents/{id}', ({ params, response }) =>
      response(200).json({ ...house.findIncident(params.id), commentsCount: house.comments.length, viewersCount: 1 }),
    ),
    http.patch('/api/incidents/{id}', async ({ params, request, response }) => {
      const { assigneeId, ...changes } = await request.json();
      const assignee = assigneeId === undefined ? {} : { assignee: house.people.find((user) => user.id === assigneeId) ?? null };
      return response(200).json(house.change(params.id, { ...(changes as Partial<Incident>), ...assignee }));
    }),
    http.post('/api/incidents/{id}/acknowledge', ({ params, response }) =>
      response(200).json(house.change(params.id, { acknowledgedBy: percy, acknowledgedAt: new Date().toISOString() })),
    ),
    http.get('/api/incidents/{id}/comments', ({ response }) => response(200).json({ comments: house.comments, nextBefore: null })),
    http.post('/api/incidents/{id}/comments', async ({ params, request, response }) => {
      const { content } = await request.json();
      const comment = { id: `c${house.comments.length + 1}`, incidentId: params.id, content, author: percy, createdAt: new Date().toISOString() };
      house.comments = [...house.comments, comment];
      return response(201).json(comment);
    }),
    http.get('/api/incidents/{id}/timeline', ({ response }) => response(200).json({ entries: house.timeline, nextBefore: null })),
    http.get('/api/incidents/{id}/receipts', ({ params, response }) =>
      response(200).json({
        incidentId: params.id,
        told: 0,
        delivered: 0,
        seen: 0,
        acknowledged: 0,
        acknowledgedAt: null,
        acknowledgedBy: null,
        nextStep: null,
        people: [],
      }),
    ),
    http.get('/api/presence/incident/{id}', ({ params, response }) => response(200).json({ incidentId: params.id, count: 0, users: [] })),
    http.get('/api/users', ({ query, response }) => {
      const users = house.people.filter((user) => user.handle.startsWith(query.get('q') ?? ''));
      return response(200).json({ users, nextAfter: null });
    }),
    http.get('/api/notifications', ({ response }) =>
      response(200).json({
        notifications: house.notifications,
        unreadCount: house.notifications.filter((each) => !each.isRead).length,
        nextBefore: null,
      }),
    ),
    http.patch('/api/notifications/{id}/read', ({ params, response }) => {
      const readAt = new Date().toISOString();
      house.notifications = house.notifications.map((each) => (each.id === params.id ? { ...each, isRead: true, readAt } : each));
      return response(200).json(house.notifications.find((each) => each.id === params.id)!);
    }),
    http.get('/api/meta', ({ response }) => response(200).json({ demo: false, name: 'Owl Post', version: '0.0.0' })),
  ];
}

/**
 * A fake server for the tests of a file, empty again before each. `house` is what it knows; `use` gives other answers until the test
 * is over; `requests` lists what was asked that changes something.
 */
export function startFakeServer() {
  const server = setupServer();
  const fake = { house: new House(), requests: [] as { method: string; path: string; body: unknown }[], use: server.use.bind(server) };
  server.events.on('request:start', ({ request }) => {
    if (request.method === 'GET') return;
    const { method, url } = request;
    const asked = { method, path: new URL(url).pathname, body: undefined as unknown };
    fake.requests.push(asked);
    void request
      .clone()
      .json()
      .then(
        (body: unknown) => (asked.body = body),
        () => undefined,
      );
  });
  const begin = () => {
    fake.house = new House();
    fake.requests.length = 0;
    server.resetHandlers(...listHandlersOfHouse(fake.house));
  };
  beforeAll(() => {
    server.listen({ onUnhandledRequest: 'error' });
    begin();
  });
  afterEach(begin);
  afterAll(() => server.close());
  return fake;
}

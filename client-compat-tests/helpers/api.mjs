// REST as the tests use it: an answer is `{ status, headers, body }`, and the shorthands fail on anything but success.
import assert from 'node:assert/strict';
import { checkAnswerAgainstDocument } from './publishedDocuments.mjs';

/**
 * One request as `user` (anything with a `token`, or null for no Authorization header). The answer must be as the
 * OpenAPI document describes it.
 */
export async function requestApiAsUser(server, user, method, path, body, headers = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      ...(user ? { Authorization: `Bearer ${user.token}` } : {}),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let parsed = text;
  try {
    parsed = text === '' ? null : JSON.parse(text);
  } catch {
    // Not JSON: the text itself is what the test looks at.
  }
  const answer = { status: response.status, headers: response.headers, body: parsed };
  checkAnswerAgainstDocument(method, path, answer);
  return answer;
}

/** As `requestApiAsUser`, but returns the body and fails unless the status is `status`. */
export async function requestApiExpectingStatus(status, server, user, method, path, body, headers) {
  const answer = await requestApiAsUser(server, user, method, path, body, headers);
  assert.equal(answer.status, status, `${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Reports an incident; `fields` are laid over a plain one. */
export function createIncidentAsUser(server, user, fields = {}) {
  const incident = { title: 'Nargles in the library', severity: 'MISCHIEF', ...fields };
  return requestApiExpectingStatus(201, server, user, 'POST', '/api/incidents', incident);
}

/** Changes some fields of an incident. */
export function updateIncidentAsUser(server, user, incidentId, fields) {
  return requestApiExpectingStatus(200, server, user, 'PATCH', `/api/incidents/${incidentId}`, fields);
}

/** Comments on an incident. */
export function createCommentAsUser(server, user, incidentId, content = 'I saw it too') {
  return requestApiExpectingStatus(201, server, user, 'POST', `/api/incidents/${incidentId}/comments`, { content });
}

/** Who is online, `{ total, byRole, users }`. */
export function fetchOnlinePresenceAsUser(server, user) {
  return requestApiExpectingStatus(200, server, user, 'GET', '/api/presence/online');
}

/** Who views an incident, `{ incidentId, count, users }`. */
export function fetchIncidentPresenceAsUser(server, user, incidentId) {
  return requestApiExpectingStatus(200, server, user, 'GET', `/api/presence/incident/${incidentId}`);
}

/** Stored notifications, `{ notifications, unreadCount, nextBefore }`. */
export function fetchNotificationsOfUser(server, user, query = '') {
  return requestApiExpectingStatus(200, server, user, 'GET', `/api/notifications${query}`);
}

/** Every durable event the user is entitled to after a position, page by page, oldest first. */
export async function fetchEventLogAsUser(server, user, after) {
  const events = [];
  for (let position = after; ; ) {
    const page = await requestApiExpectingStatus(200, server, user, 'GET', `/api/events?after=${position}&limit=100`);
    events.push(...page.events);
    if (page.events.length === 0) return events;
    position = page.events.at(-1).eventId;
  }
}

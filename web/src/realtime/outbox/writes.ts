import type { QueryClient } from '@tanstack/react-query';
import { appendCommentToPages, commentKeys, type CommentPages } from '../../entities/comment';
import { incidentKeys, type IncidentUpdate, patchIncidentInCache, saveEditUnlessCollided } from '../../entities/incident';
import type { Comment, Incident, User } from '../../generated';
import type { IncidentReport } from '../../generated/rest';
import { ApiError } from '../../lib/apiError';
import { type ApiRequest, sendApiRequest } from '../../lib/http';

/** What people do that may wait for a connection, and what the server answers to each. */
export type Write =
  | { kind: 'comment'; incidentId: string; content: string }
  /** `draft` is what its form takes to go on with it. */
  | { kind: 'report'; report: IncidentReport; draft: unknown }
  | { kind: 'edit'; incidentId: string; update: IncidentUpdate }
  | { kind: 'resolve'; incidentId: string; resolution: string }
  | { kind: 'take'; incidentId: string; version?: number }
  | { kind: 'delete-comment'; incidentId: string; commentId: string }
  | { kind: 'read-notification'; notificationId: string }
  | { kind: 'dismiss-notification'; notificationId: string };

export type WriteKind = Write['kind'];

export interface WriteAnswers {
  comment: Comment;
  report: Incident;
  edit: Incident;
  resolve: Incident;
  take: Incident;
  'delete-comment': undefined;
  'read-notification': unknown;
  'dismiss-notification': undefined;
}

export type AnswerOf<W extends Write> = WriteAnswers[W['kind']];

/** What must not be there twice and is told from the first one by its key alone, which the server remembers for a day. */
export const KINDS_KNOWN_BY_KEY: readonly WriteKind[] = ['comment', 'report'];

async function deleteUnlessGone(request: ApiRequest): Promise<undefined> {
  try {
    await sendApiRequest({ ...request, method: 'DELETE', keepalive: true });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  return undefined;
}

/** The same call with the same key may be made again and again: it comes to one change. */
async function performWriteOfKind(client: QueryClient, write: Write, key: string): Promise<unknown> {
  const headers = { 'Idempotency-Key': key };
  switch (write.kind) {
    case 'comment':
      return await sendApiRequest({ method: 'POST', path: `/api/incidents/${write.incidentId}/comments`, body: { content: write.content }, headers });
    case 'report':
      return await sendApiRequest({ method: 'POST', path: '/api/incidents', body: write.report, headers });
    case 'edit':
      return await saveEditUnlessCollided(client, write.update, key);
    case 'resolve': {
      const body = write.resolution ? { resolution: write.resolution } : {};
      const answer = await sendApiRequest<{ incident: Incident }>({ method: 'DELETE', path: `/api/incidents/${write.incidentId}`, body, headers });
      return answer.incident;
    }
    case 'take':
      return await sendApiRequest({ method: 'POST', path: `/api/incidents/${write.incidentId}/acknowledge`, body: { version: write.version }, headers });
    case 'delete-comment':
      return await deleteUnlessGone({ path: `/api/incidents/${write.incidentId}/comments/${write.commentId}`, headers });
    case 'read-notification':
      return await sendApiRequest({ method: 'PATCH', path: `/api/notifications/${write.notificationId}/read`, headers });
    case 'dismiss-notification':
      return await deleteUnlessGone({ path: `/api/notifications/${write.notificationId}`, headers });
  }
}

export function performWriteOnServer<W extends Write>(client: QueryClient, write: W, key: string): Promise<AnswerOf<W>> {
  return performWriteOfKind(client, write, key) as Promise<AnswerOf<W>>;
}

/** Shows what the server made of a write that had waited. */
export function applyAnswerToCache(client: QueryClient, write: Write, answer: unknown): void {
  switch (write.kind) {
    case 'comment':
      client.setQueryData<CommentPages>(commentKeys.of(write.incidentId), (data) => data && appendCommentToPages(data, answer as Comment));
      return;
    case 'report':
      client.setQueryData(incidentKeys.detail((answer as Incident).id), answer);
      return;
    case 'edit':
    case 'resolve':
    case 'take':
      patchIncidentInCache(client, write.incidentId, answer as Incident);
  }
}

/** The incident a write is about, if it is there already. */
export function readIncidentOfWrite(write: Write): string | null {
  return 'incidentId' in write ? write.incidentId : null;
}

const fieldNames = { title: 'title', description: 'description', severity: 'severity', status: 'status', location: 'place', assignee: 'assignee' };

/** "Comment on “Troll”". */
export function describeWriteInWords(write: Write, title: string): string {
  switch (write.kind) {
    case 'comment':
      return `Comment on “${title}”`;
    case 'report':
      return `Report of “${title}”`;
    case 'edit': {
      const fields = Object.keys(write.update.edit).map((field) => fieldNames[field as keyof typeof fieldNames] ?? field);
      return `Change of ${fields.join(', ')} of “${title}”`;
    }
    case 'resolve':
      return `Resolution of “${title}”`;
    case 'take':
      return `Taking “${title}”`;
    case 'delete-comment':
      return `Deletion of a comment on “${title}”`;
    case 'read-notification':
      return 'A notification marked as read';
    case 'dismiss-notification':
      return 'A notification dismissed';
  }
}

/** The words a person wrote, so that none are lost. */
export function readTextOfWrite(write: Write): string | null {
  switch (write.kind) {
    case 'comment':
      return write.content;
    case 'report':
      return [write.report.title, write.report.description].filter(Boolean).join('\n\n');
    case 'resolve':
      return write.resolution || null;
    case 'edit': {
      const { title, description, location } = write.update.edit;
      return [title, description, location].filter(Boolean).join('\n\n') || null;
    }
    default:
      return null;
  }
}

/** Who was faster, when that is why an incident could not be taken. */
export function readFirstWhoTook(error: unknown): { acknowledgedBy: User; acknowledgedAt: string } | null {
  if (!(error instanceof ApiError)) return null;
  const { acknowledgedBy, acknowledgedAt } = (error.details as { acknowledgedBy?: User; acknowledgedAt?: string } | undefined) ?? {};
  return acknowledgedBy && acknowledgedAt ? { acknowledgedBy, acknowledgedAt } : null;
}

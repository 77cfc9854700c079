import type { QueryClient } from '@tanstack/react-query';
import { type IncidentUpdate, saveEditUnlessCollided } from '../../entities/incident';
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
  'read-notification': undefined;
  'dismiss-notification': undefined;
}

export type AnswerOf<W extends Write> = WriteAnswers[W['kind']];

/** What must not be there twice and is told from the first one by its key alone, which the server remembers for a day. */
export const KINDS_KNOWN_BY_KEY: readonly WriteKind[] = ['comment', 'report'];

function readSubjectOfDeed(write: Write): string | null {
  switch (write.kind) {
    case 'take':
      return write.incidentId;
    case 'delete-comment':
      return write.commentId;
    case 'read-notification':
    case 'dismiss-notification':
      return write.notificationId;
    default:
      return null;
  }
}

/** Whether both come to the same, so that one is enough. Words are never the same: people say things twice. */
export function isSameDeed(one: Write, other: Write): boolean {
  const subject = readSubjectOfDeed(one);
  return subject !== null && one.kind === other.kind && subject === readSubjectOfDeed(other);
}

/** What is gone already needs neither be deleted nor marked. */
async function sendUnlessGone(request: ApiRequest): Promise<undefined> {
  try {
    await sendApiRequest({ ...request, keepalive: true });
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
      return await sendUnlessGone({ method: 'DELETE', path: `/api/incidents/${write.incidentId}/comments/${write.commentId}`, headers });
    case 'read-notification':
      return await sendUnlessGone({ method: 'PATCH', path: `/api/notifications/${write.notificationId}/read`, headers });
    case 'dismiss-notification':
      return await sendUnlessGone({ method: 'DELETE', path: `/api/notifications/${write.notificationId}`, headers });
  }
}

export function performWriteOnServer<W extends Write>(client: QueryClient, write: W, key: string): Promise<AnswerOf<W>> {
  return performWriteOfKind(client, write, key) as Promise<AnswerOf<W>>;
}

/** The incident a write is about, if it is there already. */
export function readIncidentOfWrite(write: Write): string | null {
  return 'incidentId' in write ? write.incidentId : null;
}

/** Who was faster, when that is why an incident could not be taken. */
export function readFirstWhoTook(error: unknown): { acknowledgedBy: User; acknowledgedAt: string } | null {
  if (!(error instanceof ApiError)) return null;
  const { acknowledgedBy, acknowledgedAt } = (error.details as { acknowledgedBy?: User; acknowledgedAt?: string } | undefined) ?? {};
  return acknowledgedBy && acknowledgedAt ? { acknowledgedBy, acknowledgedAt } : null;
}

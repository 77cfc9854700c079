import { type Comment, type Incident, OwlPostError, type User } from '@owlpost/client';
import type { IncidentReport } from '@owlpost/client/rest';
import type { QueryClient } from '@tanstack/react-query';
import { type IncidentUpdate, saveEditUnlessCollided } from '../../entities/incident';
import { rest } from '../../lib/server';

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
async function settleUnlessGone(sent: Promise<unknown>): Promise<undefined> {
  try {
    await sent;
  } catch (error) {
    if (!(error instanceof OwlPostError) || error.status !== 404) throw error;
  }
  return undefined;
}

/** The same call with the same key may be made again and again: it comes to one change. */
async function performWriteOfKind(client: QueryClient, write: Write, key: string): Promise<unknown> {
  const options = { idempotencyKey: key };
  /** Goes on when the page is closed. */
  const lasting = { ...options, keepalive: true };
  switch (write.kind) {
    case 'comment':
      return await rest.post('/api/incidents/{id}/comments', { ...options, path: { id: write.incidentId }, body: { content: write.content } });
    case 'report':
      return await rest.post('/api/incidents', { ...options, body: write.report });
    case 'edit':
      return await saveEditUnlessCollided(client, write.update, key);
    case 'resolve': {
      const body = write.resolution ? { resolution: write.resolution } : {};
      const answer = await rest.delete('/api/incidents/{id}', { ...options, path: { id: write.incidentId }, body });
      return answer.incident;
    }
    case 'take':
      return await rest.post('/api/incidents/{id}/acknowledge', { ...options, path: { id: write.incidentId }, body: { version: write.version } });
    case 'delete-comment':
      return await settleUnlessGone(
        rest.delete('/api/incidents/{id}/comments/{commentId}', { ...lasting, path: { id: write.incidentId, commentId: write.commentId } }),
      );
    case 'read-notification':
      return await settleUnlessGone(rest.patch('/api/notifications/{id}/read', { ...lasting, path: { id: write.notificationId } }));
    case 'dismiss-notification':
      return await settleUnlessGone(rest.delete('/api/notifications/{id}', { ...lasting, path: { id: write.notificationId } }));
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
  if (!(error instanceof OwlPostError)) return null;
  const { acknowledgedBy, acknowledgedAt } = (error.details as { acknowledgedBy?: User; acknowledgedAt?: string } | undefined) ?? {};
  return acknowledgedBy && acknowledgedAt ? { acknowledgedBy, acknowledgedAt } : null;
}

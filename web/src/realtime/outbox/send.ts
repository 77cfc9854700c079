import { createRandomKeyForRequest, OwlPostError, REQUEST_BOUND_MS } from '@owlpost/client';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { findIncidentInCache, shortenIncidentIdForPeople } from '../../entities/incident';
import { announcePolitelyToReaders } from '../../lib/announcer';
import { isUnreachableFailure } from '../../lib/apiError';
import { sessionStore } from '../../lib/session';
import { linkStore } from '../linkStore';
import { createIdInOrder, MOST_WRITES, openOutboxOfPerson, type Outbox, type QueuedWrite } from './store';
import { type AnswerOf, isSameDeed, performWriteOnServer, readIncidentOfWrite, type Write } from './writes';

/** An answer, or the renewal of a token and an answer, is there by then. */
const HELD_MS = 2 * REQUEST_BOUND_MS;

function nameSubjectOfWrite(client: QueryClient, write: Write): string {
  if (write.kind === 'report') return write.report.title;
  const id = readIncidentOfWrite(write);
  if (id === null) return '';
  return findIncidentInCache(client, id)?.title ?? shortenIncidentIdForPeople(id);
}

/** Whoever writes while others of theirs wait, waits behind them: what was written first is sent first. */
function mayGoAtOnce(outbox: Outbox): boolean {
  const { status } = linkStore.get();
  const isWaiting = (each: QueuedWrite) => !each.refusal && each.heldUntil <= Date.now();
  return navigator.onLine && status !== 'offline' && status !== 'reconnecting' && !outbox.list().some(isWaiting);
}

/**
 * Sends a write, or keeps it until there is a connection (`null`). It is kept before it is sent, so that neither a closed page nor a
 * lost answer loses it. A refusal by the server is thrown, and is the caller's to show.
 */
export async function sendOrKeepWrite<W extends Write>(client: QueryClient, write: W, key: string): Promise<AnswerOf<W> | null> {
  const me = sessionStore.get()?.user.id;
  if (!me) throw new OwlPostError('UNAUTHENTICATED', 'You are signed out.', 401);
  const outbox = openOutboxOfPerson(me);
  const now = Date.now();
  const direct = mayGoAtOnce(outbox);
  if (!direct && outbox.list().some((each) => !each.refusal && isSameDeed(each.write, write))) return null;
  const kept: QueuedWrite = {
    id: createIdInOrder(now),
    key,
    write,
    title: nameSubjectOfWrite(client, write),
    at: now,
    triedAt: direct ? now : null,
    heldUntil: direct ? now + HELD_MS : 0,
  };
  const hasRoom = outbox.add(kept);
  if (!direct) {
    if (!hasRoom) throw new OwlPostError('OUTBOX_FULL', `${MOST_WRITES} changes are waiting already, or the browser has no room for more.`, 0);
    announcePolitelyToReaders('Kept: it is sent when the connection is back');
    return null;
  }
  try {
    const answer = await performWriteOnServer(client, write, key);
    outbox.remove(kept.id);
    return answer;
  } catch (error) {
    if (!hasRoom || !isUnreachableFailure(error)) {
      outbox.remove(kept.id);
      throw error;
    }
    outbox.change(kept.id, { heldUntil: 0 });
    announcePolitelyToReaders('Kept: it is sent when the connection is back');
    return null;
  }
}

/** How a screen writes. `null` says that it waits for the connection. */
export function useOutbox() {
  const client = useQueryClient();
  return useCallback(
    <W extends Write>(write: W, key: string = createRandomKeyForRequest()) => sendOrKeepWrite(client, write, key),
    [client],
  );
}

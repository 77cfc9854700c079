import { type Comment, type Incident, OwlPostError } from '@owlpost/client';
import type { QueryClient } from '@tanstack/react-query';
import { appendCommentToPages, commentKeys, type CommentPages } from '../../entities/comment';
import {
  EditCollision,
  fetchFreshIncidentIntoCache,
  incidentKeys,
  patchIncidentInCache,
  revertIncidentInCache,
} from '../../entities/incident';
import { describeErrorForPeople, isPassingFailure } from '../../lib/apiError';
import { sessionStore } from '../../lib/session';
import { runInOneTabAtATime } from '../../lib/tabLock';
import { showFailureAsToast, showSuccessAsToast } from '../../lib/toasts';
import { formatClockOfTime } from '../../lib/time';
import { linkStore } from '../linkStore';
import { openOutboxOfPerson, type Outbox, type QueuedWrite } from './store';
import { describeWriteInWords } from './describeWrites';
import { KINDS_KNOWN_BY_KEY, performWriteOnServer, readFirstWhoTook, type Write } from './writes';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** The server remembers a key for a day: what may have arrived before that is not sent by itself once more. */
const LONGEST_DOUBT_MS = 20 * 3_600_000;

function describeRefusalForPeople(error: unknown): string {
  const first = readFirstWhoTook(error);
  if (first) return `${first.acknowledgedBy.name} took it at ${formatClockOfTime(first.acknowledgedAt)}`;
  return error instanceof EditCollision ? 'Somebody else changed the same meanwhile' : describeErrorForPeople(error);
}

/** Shows what the server made of a write that had waited. */
function applyAnswerToCache(client: QueryClient, write: Write, answer: unknown): void {
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

/** Who takes an incident wants it also when it has changed meanwhile. That is another request, and taking what one has is no change. */
function relaxWriteForLater({ write, key }: QueuedWrite): [Write, string] {
  return write.kind === 'take' ? [{ ...write, version: undefined }, `${key}.later`] : [write, key];
}

/** Sends what waits for a connection: in order, one by one, from one tab of this browser, as the person who wrote it. */
export class OutboxSender {
  private readonly outbox: Outbox;
  private running = false;
  private draining = false;
  private alarm: { timer: ReturnType<typeof setTimeout>; at: number } | null = null;
  private retryMs = FIRST_RETRY_MS;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly client: QueryClient,
    private readonly userId: string,
  ) {
    this.outbox = openOutboxOfPerson(userId);
  }

  start(): void {
    this.running = true;
    let wasLive = false;
    this.stops.push(
      this.outbox.subscribe(() => this.wake()),
      linkStore.subscribe(() => {
        const isLive = linkStore.get().status === 'live';
        if (isLive && !wasLive) {
          this.retryMs = FIRST_RETRY_MS;
          this.wakeWithin(0);
        }
        wasLive = isLive;
      }),
    );
    this.wake();
  }

  stop(): void {
    this.running = false;
    if (this.alarm) clearTimeout(this.alarm.timer);
    this.stops.splice(0).forEach((stop) => stop());
  }

  private findNext(): QueuedWrite | undefined {
    return this.outbox.list().find((each) => !each.refusal);
  }

  /** Without a live link it is tried all the same, seldom: where nothing but plain requests get through, they do. */
  private wake(): void {
    const next = this.findNext();
    if (!next || this.draining) return;
    const held = next.heldUntil - Date.now();
    const isLive = linkStore.get().status === 'live';
    const isNew = next.triedAt === null;
    this.wakeWithin(held > 0 ? held : !isLive ? LONGEST_RETRY_MS : isNew ? 0 : this.retryMs);
  }

  private wakeWithin(ms: number): void {
    const at = Date.now() + ms;
    if (this.alarm && this.alarm.at <= at) return;
    if (this.alarm) clearTimeout(this.alarm.timer);
    const timer = setTimeout(() => {
      this.alarm = null;
      void this.drainInThisTab();
    }, ms);
    this.alarm = { timer, at };
  }

  private async drainInThisTab(): Promise<void> {
    if (this.draining || !this.findNext()) return;
    this.draining = true;
    let sent = 0;
    try {
      await runInOneTabAtATime(`owlpost.outbox.${this.userId}`, async () => {
        while (this.isStillTheirs()) {
          const next = this.findNext();
          if (!next || next.heldUntil > Date.now() || !(await this.sendOneUnlessUnreachable(next))) break;
          sent += 1;
        }
      });
    } finally {
      this.draining = false;
    }
    if (sent > 0) this.retryMs = FIRST_RETRY_MS;
    if (this.running) this.wake();
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  private isStillTheirs(): boolean {
    return this.running && sessionStore.get()?.user.id === this.userId;
  }

  /** `false`: it has to wait on, and so have all behind it. */
  private async sendOneUnlessUnreachable(next: QueuedWrite): Promise<boolean> {
    if (next.triedAt !== null && Date.now() - next.triedAt > LONGEST_DOUBT_MS && KINDS_KNOWN_BY_KEY.includes(next.write.kind)) {
      this.refuse(next, new OwlPostError('UNCONFIRMED', 'No answer came for a day: look whether it arrived before you send it again.', 0));
      return true;
    }
    this.outbox.change(next.id, { triedAt: next.triedAt ?? Date.now(), heldUntil: 0 });
    try {
      const answer = await performWriteOnServer(this.client, ...relaxWriteForLater(next));
      applyAnswerToCache(this.client, next.write, answer);
      this.outbox.remove(next.id);
      if (!this.findNext()) showSuccessAsToast('Sent', 'What waited for the connection has arrived.');
      return true;
    } catch (error) {
      if (isPassingFailure(error)) return false;
      this.refuse(next, error);
      return true;
    }
  }

  /** Keeps what was written, for its person to decide; what it showed ahead of the server is taken back. */
  private refuse(refused: QueuedWrite, error: unknown): void {
    const { write } = refused;
    const message = describeRefusalForPeople(error);
    const collision = error instanceof EditCollision ? { fields: error.fields, latest: error.latest } : undefined;
    this.outbox.change(refused.id, { refusal: { message, collision } });
    if (write.kind === 'edit') {
      revertIncidentInCache(this.client, write.incidentId, write.update.edit, write.update.base);
      if (collision) patchIncidentInCache(this.client, write.incidentId, collision.latest);
    }
    if ('incidentId' in write && !collision) void fetchFreshIncidentIntoCache(this.client, write.incidentId).catch(() => undefined);
    showFailureAsToast(`${describeWriteInWords(write, refused.title)}: not sent`, message);
  }
}

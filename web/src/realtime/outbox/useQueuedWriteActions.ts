import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { type EditableField, type EditDraft, readFormValuesFromIncident, revertIncidentInCache } from '../../entities/incident';
import { openDraftOfPerson } from '../../lib/drafts';
import { useCurrentUser } from '../../lib/session';
import { openOutboxOfPerson, type QueuedWrite } from './store';
import type { Write } from './writes';

/** Gives words back to where they were written. What stands there already stays. */
function restoreWriteAsDraft(userId: string, write: Write): void {
  if (write.kind === 'comment') {
    const draft = openDraftOfPerson<string>(userId, 'comment', write.incidentId);
    draft.write([draft.read(), write.content].filter(Boolean).join('\n\n'));
  }
  if (write.kind === 'resolve') {
    const draft = openDraftOfPerson<string>(userId, 'resolve', write.incidentId);
    if (write.resolution && !draft.read()) draft.write(write.resolution);
  }
  if (write.kind === 'edit') {
    const { edit, base } = write.update;
    const draft = openDraftOfPerson<EditDraft>(userId, 'edit', write.incidentId);
    if (!draft.read()) draft.write({ values: readFormValuesFromIncident({ ...base, ...edit }), base });
  }
  if (write.kind === 'report') {
    const draft = openDraftOfPerson<unknown>(userId, 'report', 'new');
    if (!draft.read()) draft.write(write.draft);
  }
}

/** What a person may do about what they have waiting. */
export function useQueuedWriteActions() {
  const client = useQueryClient();
  const { id: userId } = useCurrentUser();
  const outbox = openOutboxOfPerson(userId);

  /** Takes it out; its words go back to where they were written. */
  const withdraw = useCallback(
    ({ id, write, refusal }: QueuedWrite) => {
      outbox.remove(id);
      restoreWriteAsDraft(userId, write);
      if (write.kind === 'edit' && !refusal) revertIncidentInCache(client, write.incidentId, write.update.edit, write.update.base);
    },
    [client, outbox, userId],
  );
  const discard = useCallback(({ id }: QueuedWrite) => outbox.remove(id), [outbox]);

  /** Settles one field that two people changed; once all are, the edit goes out again on top of the other's. */
  const settleField = useCallback(
    (queued: QueuedWrite, field: EditableField, choice: 'mine' | 'theirs') => {
      const { write, refusal } = queued;
      if (write.kind !== 'edit' || !refusal?.collision) return;
      const { fields, latest } = refusal.collision;
      const edit = { ...write.update.edit };
      if (choice === 'theirs') delete edit[field];
      const open = fields.filter((each) => each !== field);
      if (Object.keys(edit).length === 0) outbox.remove(queued.id);
      else if (open.length > 0) {
        outbox.change(queued.id, {
          write: { ...write, update: { ...write.update, edit } },
          refusal: { ...refusal, collision: { fields: open, latest } },
        });
      } else outbox.change(queued.id, { write: { ...write, update: { edit, base: latest } }, refusal: undefined, triedAt: null });
    },
    [outbox],
  );
  return { withdraw, discard, settleField };
}

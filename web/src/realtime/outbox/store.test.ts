import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createIdInOrder, MOST_WRITES, openOutboxOfPerson, type QueuedWrite } from './store';

function buildWrite(content: string, part: Partial<QueuedWrite> = {}): QueuedWrite {
  const id = createIdInOrder(Date.now());
  return { id, key: id, write: { kind: 'comment', incidentId: 'i1', content }, title: 'Troll', at: 1, triedAt: null, heldUntil: 0, ...part };
}

const listContents = (userId: string) => openOutboxOfPerson(userId).list().map(({ write }) => write.kind === 'comment' && write.content);

describe('what waits for a connection', () => {
  beforeEach(() => localStorage.clear());

  it('should be in the order of writing, also when the clock goes back', () => {
    const now = vi.spyOn(Date, 'now');
    for (const [text, at] of [['one', 5_000], ['two', 4_000], ['three', 4_000]] as const) {
      now.mockReturnValue(at);
      openOutboxOfPerson('harry').add(buildWrite(text));
    }
    expect(listContents('harry')).toEqual(['one', 'two', 'three']);
  });

  it('should be taken up to its bound, and not one more', () => {
    const outbox = openOutboxOfPerson('harry');
    for (let at = 0; at < MOST_WRITES; at += 1) expect(outbox.add(buildWrite(String(at)))).toBe(true);
    expect(outbox.add(buildWrite('too many'))).toBe(false);
    outbox.remove(outbox.list()[0]?.id ?? '');
    expect(outbox.add(buildWrite('fits again'))).toBe(true);
  });

  it('should say so when the browser has no room', () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    expect(openOutboxOfPerson('harry').add(buildWrite('x'))).toBe(false);
    expect(listContents('harry')).toEqual([]);
  });

  it('should be of its person alone', () => {
    openOutboxOfPerson('harry').add(buildWrite('mine'));
    expect(listContents('ron')).toEqual([]);
    expect(listContents('harry')).toEqual(['mine']);
  });

  it('should not come back by a change after it was taken out, and survive what is no write', () => {
    const outbox = openOutboxOfPerson('harry');
    const write = buildWrite('gone');
    outbox.add(write);
    outbox.remove(write.id);
    outbox.change(write.id, { triedAt: 1 });
    localStorage.setItem('owlpost.outbox.harry.0', '{broken');
    expect(listContents('harry')).toEqual([]);
  });

  it('should tell listeners of changes here and in other tabs', () => {
    const outbox = openOutboxOfPerson('harry');
    const listener = vi.fn();
    const stop = outbox.subscribe(listener);
    outbox.add(buildWrite('here'));
    window.dispatchEvent(new StorageEvent('storage', { key: 'owlpost.outbox.harry.x' }));
    window.dispatchEvent(new StorageEvent('storage', { key: 'owlpost.outbox.ron.x' }));
    expect(listener).toHaveBeenCalledTimes(2);
    stop();
  });
});

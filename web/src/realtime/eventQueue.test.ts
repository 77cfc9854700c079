import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildEventForTest, buildIncidentForTest, harry } from '../lib/testData';
import { EventQueue, type QueuedEvent } from './eventQueue';

const FRAME_MS = 16;
const LONGEST_REST_MS = 400;

let applied: QueuedEvent[][] = [];
let queue: EventQueue;
const push = (count: number) => {
  const event = buildEventForTest('incident:created', { incident: buildIncidentForTest({ id: 'i1' }), createdBy: harry });
  for (let pushed = 0; pushed < count; pushed += 1) queue.push({ event, replayed: false });
};
const sizes = () => applied.map((events) => events.length);

describe('events on their way to the screen', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    applied = [];
    queue = new EventQueue((events) => applied.push(events));
  });
  afterEach(() => vi.useRealTimers());

  it('should be drawn together with the next frame', () => {
    push(3);
    expect(sizes()).toEqual([]);
    vi.advanceTimersByTime(FRAME_MS);
    expect(sizes()).toEqual([3]);
  });

  it('should be drawn one by one where they come one by one', () => {
    for (let at = 0; at < 5; at += 1) {
      push(1);
      vi.advanceTimersByTime(2 * FRAME_MS);
    }
    expect(sizes()).toEqual([1, 1, 1, 1, 1]);
  });

  it('should gather behind a burst, for no longer than the longest rest and a frame', () => {
    push(1_000);
    vi.advanceTimersByTime(FRAME_MS);
    push(1);
    vi.advanceTimersByTime(LONGEST_REST_MS - FRAME_MS);
    push(1);
    expect(sizes()).toEqual([1_000]);
    vi.advanceTimersByTime(2 * FRAME_MS);
    expect(sizes()).toEqual([1_000, 2]);
  });

  it('should wait for nothing where all of them are asked for, or nothing is drawn', () => {
    push(1_000);
    queue.flush();
    push(1);
    queue.flush();
    expect(sizes()).toEqual([1_000, 1]);
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    push(1);
    expect(sizes()).toEqual([1_000, 1, 1]);
  });
});

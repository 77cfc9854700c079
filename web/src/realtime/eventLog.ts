import type { DomainEvent } from '../lib/domainEvents';

const SEEN_LIMIT = 5_000;
const RECENT_LIMIT = 2_000;

/** The larger of two positions, decimal strings of any length. */
export function pickLaterEventPosition(a: string | null, b: string): string {
  if (a === null) return b;
  if (a.length !== b.length) return a.length > b.length ? a : b;
  return a > b ? a : b;
}

/**
 * What this page has heard: which events (a replay may repeat one), up to which position (a reconnection asks for
 * what came after), and the latest of them in order (a fetch that was under way may have missed them). Bounded.
 */
export class HeardEvents {
  private readonly seen = new Set<string>();
  private recent: { index: number; event: DomainEvent }[] = [];
  private nextIndex = 0;
  position: string | null = null;

  /** False when the event was heard before. */
  recordEventUnlessSeen(event: DomainEvent): boolean {
    const { eventId } = event.payload;
    if (this.seen.has(eventId)) return false;
    this.seen.add(eventId);
    if (this.seen.size > SEEN_LIMIT) {
      const oldest = this.seen.values().next().value;
      if (oldest !== undefined) this.seen.delete(oldest);
    }
    this.position = pickLaterEventPosition(this.position, eventId);
    this.recent.push({ index: this.nextIndex++, event });
    if (this.recent.length > RECENT_LIMIT) this.recent = this.recent.slice(-RECENT_LIMIT / 2);
    return true;
  }

  advancePositionToAtLeast(eventId: string): void {
    this.position = pickLaterEventPosition(this.position, eventId);
  }

  /** A mark for `listEventsSinceMark`. */
  get mark(): number {
    return this.nextIndex;
  }

  /** The events since a mark, or null when they are no longer all here. */
  listEventsSinceMark(mark: number): DomainEvent[] | null {
    const first = this.recent[0]?.index ?? this.nextIndex;
    if (mark < first) return null;
    return this.recent.filter((entry) => entry.index >= mark).map((entry) => entry.event);
  }
}

import type { DomainEvent } from '@owlpost/client';

const RECENT_LIMIT = 2_000;

/** The latest events in order, bounded: a fetch that was under way may have missed them. */
export class RecentEvents {
  private recent: { index: number; event: DomainEvent }[] = [];
  private nextIndex = 0;

  append(event: DomainEvent): void {
    this.recent.push({ index: this.nextIndex++, event });
    if (this.recent.length > RECENT_LIMIT) this.recent = this.recent.slice(-RECENT_LIMIT / 2);
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

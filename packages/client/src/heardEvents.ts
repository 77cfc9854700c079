const SEEN_LIMIT = 5_000;

/** The larger of two positions, decimal strings of any length. */
export function pickLaterEventPosition(a: string | null, b: string): string {
  if (a === null) return b;
  if (a.length !== b.length) return a.length > b.length ? a : b;
  return a > b ? a : b;
}

/**
 * What was heard: which events (a replay may repeat one), and up to which position (a reconnection asks for what came after).
 * Bounded.
 */
export class HeardEvents {
  readonly #seen = new Set<string>();
  position: string | null = null;

  /** False when the event was heard before. */
  recordEventUnlessSeen(eventId: string): boolean {
    if (this.#seen.has(eventId)) return false;
    this.#seen.add(eventId);
    if (this.#seen.size > SEEN_LIMIT) {
      const oldest = this.#seen.values().next().value;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    this.advancePositionToAtLeast(eventId);
    return true;
  }

  advancePositionToAtLeast(eventId: string): void {
    this.position = pickLaterEventPosition(this.position, eventId);
  }

  /** For somebody else, to whom other events are owed. */
  forgetEverythingHeardSoFar(): void {
    this.#seen.clear();
    this.position = null;
  }
}

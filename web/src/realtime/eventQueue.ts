import type { DomainEvent } from '@owlpost/client';
import { notifyManager } from '@tanstack/react-query';

/** For pages that are visible and draw nothing, such as behind another window. */
const LONGEST_FRAME_MS = 100;
/** How long what follows an event waits, and a burst at most: one event is drawn with the next frame, a storm a few times a second. */
const REST_AFTER_EVENT_MS = 10;
const LONGEST_REST_MS = 400;

export interface QueuedEvent {
  event: DomainEvent;
  /** Arrived while catching up: news to the page, not to the world. */
  replayed: boolean;
}

/**
 * Gathers events, so that a burst of hundreds redraws the screen a few times and not hundreds: those of one frame, and behind a burst
 * those that come while it is taken in, by the page and by who reads it.
 */
export class EventQueue {
  private waiting: QueuedEvent[] = [];
  private stopWaiting: (() => void) | null = null;
  private restUntil = 0;

  constructor(private readonly apply: (events: QueuedEvent[]) => void) {}

  push(entry: QueuedEvent): void {
    this.waiting.push(entry);
    // A hidden page's timers run late, and it draws nothing: apply at once.
    if (document.hidden) this.flush();
    else this.stopWaiting ??= this.waitForNextDrawing();
  }

  private waitForNextDrawing(): () => void {
    const rest = this.restUntil - performance.now();
    if (rest <= 0) return this.waitForNextFrame();
    const timer = setTimeout(() => (this.stopWaiting = this.waitForNextFrame()), rest);
    return () => clearTimeout(timer);
  }

  private waitForNextFrame(): () => void {
    const frame = requestAnimationFrame(() => this.flush());
    const timer = setTimeout(() => this.flush(), LONGEST_FRAME_MS);
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }

  flush(): void {
    this.stopWaiting?.();
    this.stopWaiting = null;
    if (this.waiting.length === 0) return;
    const events = this.waiting;
    this.waiting = [];
    this.restUntil = performance.now() + Math.min(events.length * REST_AFTER_EVENT_MS, LONGEST_REST_MS);
    notifyManager.batch(() => this.apply(events));
  }
}

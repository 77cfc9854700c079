import type { DomainEvent } from '@owlpost/client';
import { notifyManager } from '@tanstack/react-query';

/** For pages that are visible and draw nothing, such as behind another window. */
const LONGEST_FRAME_MS = 100;

export interface QueuedEvent {
  event: DomainEvent;
  /** Arrived while catching up: news to the page, not to the world. */
  replayed: boolean;
}

/** Gathers the events of one frame, so that a burst of hundreds redraws the screen a few times and not hundreds. */
export class EventQueue {
  private waiting: QueuedEvent[] = [];
  private stopWaiting: (() => void) | null = null;

  constructor(private readonly apply: (events: QueuedEvent[]) => void) {}

  push(entry: QueuedEvent): void {
    this.waiting.push(entry);
    // A hidden page's timers run late, and it draws nothing: apply at once.
    if (document.hidden) this.flush();
    else this.stopWaiting ??= this.waitForNextFrame();
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
    notifyManager.batch(() => this.apply(events));
  }
}

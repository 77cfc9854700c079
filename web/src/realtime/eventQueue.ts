import { notifyManager } from '@tanstack/react-query';
import type { DomainEvent } from '../lib/domainEvents';

const FRAME_MS = 16;

export interface QueuedEvent {
  event: DomainEvent;
  /** Arrived while catching up: news to the page, not to the world. */
  replayed: boolean;
}

/** Gathers the events of one frame, so that a burst of hundreds redraws the screen a few times and not hundreds. */
export class EventQueue {
  private waiting: QueuedEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly apply: (events: QueuedEvent[]) => void) {}

  push(entry: QueuedEvent): void {
    this.waiting.push(entry);
    // A hidden page's timers run late, and it draws nothing: apply at once.
    if (document.hidden) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FRAME_MS);
  }

  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.waiting.length === 0) return;
    const events = this.waiting;
    this.waiting = [];
    notifyManager.batch(() => this.apply(events));
  }
}

const GATHER_MS = 300;
/** As many as the server takes at a time. */
const MOST_AT_ONCE = 100;
const MOST_REMEMBERED = 2_000;

/** Tells the server which notifications were on a screen: each once, gathered for a moment. */
export class SeenReport {
  private readonly told = new Set<string>();
  private readonly waiting = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `send` says whether there was a way to. */
  constructor(private readonly send: (ids: string[]) => boolean) {}

  report(ids: readonly string[]): void {
    for (const id of ids) if (!this.told.has(id)) this.waiting.add(id);
    if (this.waiting.size > 0) this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    while (this.waiting.size > 0) {
      const ids = [...this.waiting].slice(0, MOST_AT_ONCE);
      if (!this.send(ids)) return;
      for (const id of ids) {
        this.waiting.delete(id);
        this.told.add(id);
      }
    }
    // The server takes what it knows already, so forgetting costs a message.
    if (this.told.size > MOST_REMEMBERED) this.told.clear();
  }
}

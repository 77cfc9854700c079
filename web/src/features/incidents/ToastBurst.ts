/**
 * Lets a few pieces of news through one by one; beyond that in one window they become one growing count, so that
 * a storm of incidents does not bury the screen.
 */
export class ToastBurst {
  private times: number[] = [];
  private gathered = 0;

  constructor(
    private readonly most: number,
    private readonly windowMs: number,
    private readonly readNow: () => number = Date.now,
  ) {}

  /** 0: show this one by itself. Otherwise how many the gathered toast stands for now. */
  countNewsInWindow(): number {
    const now = this.readNow();
    this.times = this.times.filter((time) => now - time < this.windowMs);
    if (this.times.length === 0) this.gathered = 0;
    this.times.push(now);
    if (this.times.length <= this.most) return 0;
    this.gathered += 1;
    return this.gathered;
  }
}

/** How many changes of an incident the toast that is shown of them stands for. */
export class GatheredChanges {
  private readonly told = new Map<string, { count: number; at: number }>();

  constructor(
    private readonly windowMs: number,
    private readonly readNow: () => number = Date.now,
  ) {}

  countChangeOfIncident(id: string): number {
    const now = this.readNow();
    for (const [known, { at }] of this.told) if (now - at >= this.windowMs) this.told.delete(known);
    const count = (this.told.get(id)?.count ?? 0) + 1;
    this.told.set(id, { count, at: now });
    return count;
  }
}

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

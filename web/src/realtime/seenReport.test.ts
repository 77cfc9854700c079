import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SeenReport } from './seenReport';

describe('what was on a screen', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('should be told together, each once, and no more at a time than the server takes', () => {
    const sent: string[][] = [];
    const report = new SeenReport((ids) => sent.push(ids) > 0);
    report.report(['a']);
    report.report(['a', 'b']);
    vi.runAllTimers();
    report.report(['b']);
    vi.runAllTimers();
    expect(sent).toEqual([['a', 'b']]);
    report.report(Array.from({ length: 101 }, (_, at) => `n${at}`));
    vi.runAllTimers();
    expect(sent.slice(1).map((ids) => ids.length)).toEqual([100, 1]);
  });

  it('should wait for the link', () => {
    let linked = false;
    const sent: string[][] = [];
    const report = new SeenReport((ids) => linked && sent.push(ids) > 0);
    report.report(['a']);
    vi.runAllTimers();
    expect(sent).toEqual([]);
    linked = true;
    report.flush();
    expect(sent).toEqual([['a']]);
  });
});

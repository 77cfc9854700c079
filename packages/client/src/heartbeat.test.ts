import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HEARTBEAT_GRACE_MS, HeartbeatWatch } from './heartbeat';

class FakeEngine {
  private readonly listeners = new Set<() => void>();
  constructor(readonly _pingInterval?: number) {}
  on = (_: string, listener: () => void) => void this.listeners.add(listener);
  off = (_: string, listener: () => void) => void this.listeners.delete(listener);
  speak = () => this.listeners.forEach((listener) => listener());
}

function watchFakeEngineForSilence(interval?: number) {
  const engine = new FakeEngine(interval);
  const onSilence = vi.fn();
  const watch = new HeartbeatWatch(onSilence);
  watch.watchEngineUntilStopped(engine as never);
  return { engine, onSilence, watch };
}

describe('the heartbeat', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('should be missed once an interval and the grace have passed, and not before', () => {
    const { onSilence } = watchFakeEngineForSilence(5_000);
    vi.advanceTimersByTime(5_000 + HEARTBEAT_GRACE_MS - 1);
    expect(onSilence).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onSilence).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(onSilence).toHaveBeenCalledTimes(1);
  });

  it('should count from the last packet, whatever it was', () => {
    const { engine, onSilence } = watchFakeEngineForSilence(5_000);
    vi.advanceTimersByTime(7_000);
    engine.speak();
    vi.advanceTimersByTime(5_000 + HEARTBEAT_GRACE_MS - 1);
    expect(onSilence).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onSilence).toHaveBeenCalledTimes(1);
  });

  it('should keep to the usual interval with a server that told none, and to nothing once stopped', () => {
    const { onSilence, watch } = watchFakeEngineForSilence();
    vi.advanceTimersByTime(25_000 + HEARTBEAT_GRACE_MS - 1);
    expect(onSilence).not.toHaveBeenCalled();
    watch.stop();
    vi.advanceTimersByTime(60_000);
    expect(onSilence).not.toHaveBeenCalled();
  });
});

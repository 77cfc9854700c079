import { createListeners, type ReadableStore } from '@owlpost/client';
import { useStore } from './store';

/** A clock of the page: one timer for all who read it. */
function createSharedClock(tickMs: number): ReadableStore<number> {
  let now = Date.now();
  const { tell, subscribe } = createListeners(() => {
    const timer = setInterval(() => {
      now = Date.now();
      tell();
    }, tickMs);
    return () => clearInterval(timer);
  });
  return {
    get: () => now,
    subscribe: (listener) => {
      now = Date.now();
      return subscribe(listener);
    },
  };
}

const slowClock = createSharedClock(15_000);
const secondClock = createSharedClock(1_000);

/** The time, renewed every quarter of a minute. */
export function useNow(): number {
  return useStore(slowClock);
}

/** The time, renewed every second. */
export function useSecondsNow(): number {
  return useStore(secondClock);
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'narrow' });
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** With `seconds`, also what is under a minute is counted. */
export function formatTimeFromNow(time: string, at: number, options: { seconds?: boolean } = {}): string {
  const seconds = Math.round((new Date(time).getTime() - at) / 1000);
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  // Clocks of two machines differ by a little.
  if (options.seconds && seconds < 0) return relative.format(seconds, 'second');
  return 'just now';
}

// As people write dates and times where this browser is at home.
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Date, time to the second, and zone. */
export function formatTimeInFull(time: string): string {
  return full.format(new Date(time));
}

export function formatDayOfTime(time: string): string {
  return day.format(new Date(time));
}

/** Hours and minutes, as on the wall. */
export function formatClockOfTime(time: string | number): string {
  return clock.format(new Date(time));
}

/** "4:07", or "1:04:07": how long something has lasted, or will. */
export function formatLengthOfTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours, ...rest] = parts;
  const shown = hours ? parts : rest;
  return shown.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

import type { OutletState } from '@owlpost/client/rest';

export type Standing = 'live' | 'behind' | 'failing' | 'unfollowed' | 'disabled';

/** Servers say it every second; clocks of two machines differ. */
const FOLLOWED_WITHIN_MS = 60_000;
/** The server counts what waits up to here. */
const MOST_COUNTED = 100_000;

/** How an outlet fares, in one word. */
export function judgeStandingOfOutlet({ paused, failingSince, followedAt, lagEvents }: OutletState, now: number): Standing {
  if (paused) return 'disabled';
  if (failingSince !== null) return 'failing';
  if (now - new Date(followedAt).getTime() > FOLLOWED_WITHIN_MS) return 'unfollowed';
  return lagEvents > 0 ? 'behind' : 'live';
}

export const standingLooks: Record<Standing, { label: string; color: string; words: string }> = {
  live: { label: 'Live', color: 'teal', words: 'Told of everything.' },
  behind: { label: 'Catching up', color: 'blue', words: 'Being told of what waits.' },
  failing: { label: 'Holding back', color: 'red', words: 'Nothing is taken: everything waits, in order, and is tried again.' },
  unfollowed: { label: 'Not followed', color: 'orange', words: 'No server tells it of anything: none is configured for it, or none runs.' },
  disabled: { label: 'Disabled', color: 'gray', words: 'Not told of anything. Enabled again, it goes on from where it was.' },
};

export function countWaitingEvents(lagEvents: number): string {
  const count = lagEvents.toLocaleString('en');
  if (lagEvents >= MOST_COUNTED) return `${count} events wait or more`;
  return lagEvents === 1 ? '1 event waits' : `${count} events wait`;
}

const kinds: Record<string, string> = { rabbitmq: 'RabbitMQ', 'web-push': 'Browsers (Web Push)' };

/** What a newer server knows is shown as it is. */
export function nameKindOfOutlet(name: string): string {
  return kinds[name] ?? name;
}

export function isOutletOfWebhook(name: string): boolean {
  return name.startsWith('webhook:');
}

import type { OptionsOf } from '@owlpost/client';
import { addBasePathTo } from './basePath';
import { rest } from './server';
import { createPersistedStoreForKey } from './persistedStore';

type SubscriptionBody = OptionsOf<'post', '/api/push/subscriptions'>['body'];

/** Whom this browser tells of what is for them while no page is open (nobody else who signs in here), and as what the server knows it. */
interface Pushed {
  userId: string;
  subscriptionId: string;
}

function parseStoredPushedOrNull(stored: unknown): Pushed | null {
  const { userId, subscriptionId } = (stored as Partial<Pushed> | null) ?? {};
  return userId && subscriptionId ? { userId, subscriptionId } : null;
}

export const pushedStore = createPersistedStoreForKey('owlpost.push', parseStoredPushedOrNull);

/** Why this browser tells nothing, whatever its person wants. */
export type PushObstacle = 'unsupported' | 'denied';

/** Browsers push over https and on localhost only, and some not at all. */
export function findObstacleToPush(): PushObstacle | null {
  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)) return 'unsupported';
  return Notification.permission === 'denied' ? 'denied' : null;
}

async function findWorkerOfDashboard(): Promise<ServiceWorkerRegistration> {
  const registration = await navigator.serviceWorker.getRegistration(addBasePathTo('/'));
  if (!registration) throw new Error('This page has no service worker');
  return registration;
}

/** Tells the server of the subscription, which lasts as long as the sign-in. */
async function sendSubscriptionOfBrowser(userId: string, subscription: PushSubscription): Promise<void> {
  const kept = await rest.post('/api/push/subscriptions', { body: subscription.toJSON() as SubscriptionBody });
  pushedStore.set({ userId, subscriptionId: kept.id });
}

/** Has this browser told. Doing it again changes nothing. */
export async function subscribeBrowserToPushes(userId: string, publicKey: string): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted') throw new Error('The browser does not allow it.');
  const { pushManager } = await findWorkerOfDashboard();
  await sendSubscriptionOfBrowser(userId, await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey }));
}

export async function unsubscribeBrowserFromPushes(): Promise<void> {
  const pushed = pushedStore.get();
  pushedStore.set(null);
  const { pushManager } = await findWorkerOfDashboard();
  await (await pushManager.getSubscription())?.unsubscribe();
  // What the server still has of it is forgotten at the latest when its push service does not know it.
  if (pushed) await rest.delete('/api/push/subscriptions/{id}', { path: { id: pushed.subscriptionId } }).catch(() => undefined);
}

/** A new sign-in begins a new time of being told, for who wanted that here. */
export async function renewPushesAfterSignIn(userId: string): Promise<void> {
  if (pushedStore.get()?.userId !== userId || findObstacleToPush() || Notification.permission !== 'granted') return;
  const { pushManager } = await findWorkerOfDashboard();
  const subscription = await pushManager.getSubscription();
  if (subscription) await sendSubscriptionOfBrowser(userId, subscription);
}

/**
 * What the service worker does with what is pushed: it shows a notification for each incident, and leads to that. Pages are told what
 * to do by messages; one that is opened for it asks for its message when it is ready.
 */
import type { PagePushMessage, PushedNotification } from './lib/pushMessages';

const TAKE = 'take';

/** What a page that is being opened is to do, until it asks. */
const forNewPage = new Map<string, PagePushMessage>();

/** Buttons of notifications are not in every version of the types. */
type OptionsWithActions = NotificationOptions & { actions?: { action: string; title: string }[]; renotify?: boolean };

function describeNotificationToShow(pushed: PushedNotification, base: URL): OptionsWithActions {
  const isUrgent = pushed.type === 'escalation';
  return {
    body: pushed.body,
    // One for each incident: the newest says it all.
    tag: pushed.incidentId,
    renotify: true,
    requireInteraction: isUrgent,
    icon: new URL('icon-192.png', base).href,
    badge: new URL('icon-192.png', base).href,
    data: pushed,
    actions: [...(pushed.mayBeTaken ? [{ action: TAKE, title: 'Take it' }] : []), { action: 'open', title: 'Open' }],
  };
}

/** Browsers take the right to push away from who shows nothing: what cannot be read is shown as well. */
function readPushedOrDefault(event: PushEvent): PushedNotification | null {
  try {
    return event.data?.json() as PushedNotification;
  } catch {
    return null;
  }
}

async function showWhatIsPushed(scope: ServiceWorkerGlobalScope, base: URL, pushed: PushedNotification | null): Promise<void> {
  if (pushed) await scope.registration.showNotification(pushed.title, describeNotificationToShow(pushed, base));
  else await scope.registration.showNotification('There is something for you at Owl Post', { icon: new URL('icon-192.png', base).href });
}

/** The page somebody looked at last does it; without one, a new one. */
async function leadToIncident(scope: ServiceWorkerGlobalScope, base: URL, message: PagePushMessage): Promise<void> {
  const url = new URL(`incidents/${message.incidentId}`, base).href;
  const pages = await scope.clients.matchAll({ type: 'window' });
  const page = pages.find(({ url: shown }) => shown.startsWith(base.href));
  if (page) {
    await page.focus().catch(() => undefined);
    page.postMessage(message);
    return;
  }
  forNewPage.set(url, message);
  await scope.clients.openWindow(url);
}

export function listenToPushes(scope: ServiceWorkerGlobalScope, base: URL): void {
  scope.addEventListener('push', (event) => event.waitUntil(showWhatIsPushed(scope, base, readPushedOrDefault(event))));
  scope.addEventListener('notificationclick', (event) => {
    event.notification.close();
    const pushed = event.notification.data as PushedNotification | null;
    if (!pushed) return event.waitUntil(scope.clients.openWindow(base.href));
    const { incidentId } = pushed;
    event.waitUntil(leadToIncident(scope, base, { kind: 'owlpost-incident', incidentId, take: event.action === TAKE }));
  });
  scope.addEventListener('message', (event) => {
    const { source, data } = event;
    if ((data as { kind?: unknown } | null)?.kind !== 'owlpost-ready' || !(source instanceof WindowClient)) return;
    const message = forNewPage.get(source.url);
    forNewPage.delete(source.url);
    if (message) source.postMessage(message);
  });
}

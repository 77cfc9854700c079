import type { Page, Worker } from '@playwright/test';
import { expect, makeUniqueTitle, test, waitForLiveLink } from '../harness/test';

test.use({ serviceWorkers: 'allow' });

/** What the server would push, decrypted, as the browser hands it to the worker. */
async function pushToBrowser(page: Page, message: object): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const registrationId = new Promise<string>((found) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [registration] = registrations.filter(({ isDeleted }) => !isDeleted);
      if (registration) found(registration.registrationId);
    });
  });
  await cdp.send('ServiceWorker.enable');
  const { origin } = new URL(page.url());
  await cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId: await registrationId, data: JSON.stringify(message) });
  await cdp.detach();
}

async function findWorkerOfPage(page: Page): Promise<Worker> {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', null, { timeout: 30_000 });
  return page.context().serviceWorkers()[0] ?? (await page.context().waitForEvent('serviceworker'));
}

const listShown = (page: Page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    return (await registration.getNotifications()).map(({ title, body, tag }) => ({ title, body, tag }));
  });

/** As somebody does who uses a button of the notification; only the system can click. */
async function clickNotification(worker: Worker, action: string): Promise<void> {
  await worker.evaluate(async (clicked) => {
    const scope = self as unknown as { registration: ServiceWorkerRegistration };
    const [notification] = await scope.registration.getNotifications();
    const init = { notification, action: clicked } as unknown as EventInit;
    const Click = (self as unknown as { NotificationEvent: new (type: string, init: EventInit) => Event }).NotificationEvent;
    self.dispatchEvent(new Click('notificationclick', init));
  }, action);
}

test('should show what is pushed once for each incident, lead there, and take it', async ({ openAs, actAs }) => {
  const percy = await actAs('percy');
  const incident = await percy.report({ title: makeUniqueTitle('Pushed'), severity: 'CRITICAL' });
  const page = await openAs('tonks');
  await waitForLiveLink(page);
  await page.context().grantPermissions(['notifications'], { origin: new URL(page.url()).origin });
  const worker = await findWorkerOfPage(page);
  const message = {
    title: 'A critical incident waits for you', body: incident.title, severity: 'CRITICAL', type: 'escalation',
    incidentId: incident.id, notificationId: incident.id, mayBeTaken: true,
  };
  await pushToBrowser(page, message);
  await pushToBrowser(page, { ...message, title: 'It still waits' });
  await expect.poll(() => listShown(page)).toEqual([{ title: 'It still waits', body: incident.title, tag: incident.id }]);
  await clickNotification(worker, 'take');
  await expect(page).toHaveURL(new RegExp(`/incidents/${incident.id}$`));
  await expect
    .poll(async () => (await percy.send<{ acknowledgedBy: { name: string } | null }>('GET', `/api/incidents/${incident.id}`)).acknowledgedBy?.name)
    .toBe('Nymphadora Tonks');
  await expect.poll(() => listShown(page)).toEqual([]);
});

test('should say at the account which browsers are told, and forget one that is not wanted', async ({ openAs, actAs }) => {
  const cedric = await actAs('cedric');
  const keys = { p256dh: 'BLn9b-VR0ca83knDNZ32dCHGyjJp-1riX9ZTN40MqV8K_LpQmLqxC_DoHvqvFXO_nGdAB4W9dogZb_sM-uV4JbY', auth: '_ordMnz7uTCmrpBTeUV4Bw' };
  await cedric.send('POST', '/api/push/subscriptions', { endpoint: `https://push.example/${makeUniqueTitle('x').replaceAll(' ', '-')}`, keys });
  const page = await openAs('cedric', '/account');
  const section = page.getByRole('region', { name: 'While you are away' });
  await expect(section.getByRole('switch', { name: 'Tell me in this browser' })).toBeVisible();
  await expect(section.getByText('by push.example')).toHaveCount(1);
  await section.getByRole('button', { name: /^Tell .* nothing$/ }).click();
  await expect(section.getByText('by push.example')).toHaveCount(0);
});

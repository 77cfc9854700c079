import type { Locator, Page } from '@playwright/test';
import { ApiActor } from '../harness/api';
import { type Call, isSignedWith, Receiver } from '../harness/receiver';
import { TestServer } from '../harness/server';
import { describeSessionForStorage, expect, makeUniqueTitle, openDashboardWithSession, test as base, waitForLiveLink } from '../harness/test';

/** A receiver on this machine, a server that may call it, and an Auror who looks at who is told. */
const test = base.extend<{ receiver: Receiver; tonks: ApiActor; page: Page }>({
  // eslint-disable-next-line no-empty-pattern
  receiver: async ({}, use) => {
    const receiver = await Receiver.listen();
    await use(receiver);
    await receiver.close();
  },
  tonks: async ({ receiver }, use) => {
    const server = await TestServer.start({ WEBHOOK_ALLOWED_NETWORKS: new URL(receiver.url).hostname });
    await use(await ApiActor.signIn(server, 'tonks'));
    await server.stop();
  },
  page: async ({ browser, tonks }, use) => {
    const permissions = ['clipboard-read', 'clipboard-write'];
    const page = await openDashboardWithSession(browser, tonks.url, describeSessionForStorage(tonks.login), '/incidents', { permissions });
    await waitForLiveLink(page);
    await use(page);
    await page.context().close();
  },
});

/** Failed deliveries are tried again after pauses that grow. */
const AFTER_PAUSES = { timeout: 30_000 };
// There are several of them in a story.
test.describe.configure({ timeout: 180_000 });

/** What it was told of, in order, each once: at least once is what webhooks promise. */
const findTitles = ({ calls }: Receiver) => [...new Set(calls.map(({ body }) => (body.data as { incident: { title: string } }).incident.title))];
const findRow = (page: Page, name: string) => page.getByRole('list', { name: 'Webhooks' }).getByTestId('webhook').filter({ hasText: name });

async function expectStanding(row: Locator, standing: string): Promise<void> {
  await expect(row.locator('[data-standing]')).toHaveAttribute('data-standing', standing, AFTER_PAUSES);
}

async function chooseDeed(row: Locator, deed: string): Promise<void> {
  await row.getByRole('button', { name: /^What to do with/ }).click();
  await row.page().getByRole('menuitem', { name: deed }).click();
}

async function readSecretOnce(page: Page): Promise<string> {
  const shown = page.getByTestId('secret');
  await shown.getByRole('button', { name: 'Copy secret' }).click();
  const secret = await shown.locator('code').innerText();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  await shown.getByRole('button', { name: 'I have it' }).click();
  await expect(shown).toHaveCount(0);
  return secret;
}

async function makeWebhook(page: Page, name: string, url: string): Promise<string> {
  await page.getByRole('button', { name: 'New webhook' }).click();
  const form = page.getByRole('form', { name: 'New webhook' });
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Address').fill(url);
  await form.getByLabel('Events').fill('incident.created');
  await form.getByRole('button', { name: 'Make webhook' }).click();
  return readSecretOnce(page);
}

test('should make a webhook, change it, tell it again, change its secret and delete it', async ({ page, tonks, receiver }) => {
  await page.getByRole('button', { name: /Account and settings/ }).click();
  await page.getByRole('menuitem', { name: 'Outlets' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Outlets' })).toBeFocused();
  await expect(page.getByText('Nobody is called yet')).toBeVisible();
  const form = page.getByRole('form', { name: 'New webhook' });
  await page.getByRole('button', { name: 'New webhook' }).click();
  await form.getByLabel('Name').fill('Daily Prophet');
  await form.getByLabel('Address').fill('prophet.example.org');
  await form.getByLabel('Events').fill('incident.created, nothing like this!');
  await form.getByRole('button', { name: 'Make webhook' }).click();
  await expect(form.getByText('Must be an address such as https://example.org/hook')).toBeVisible();
  await form.getByLabel('Address').fill(receiver.url);
  await form.getByRole('button', { name: 'Make webhook' }).click();
  await expect(form.getByText('Must be patterns such as incident.* or #.created')).toBeVisible();
  await form.getByLabel('Events').fill('incident.created');
  await form.getByLabel('Serious').check();
  await form.getByRole('button', { name: 'Make webhook' }).click();
  const secret = await readSecretOnce(page);

  const [first, quiet] = [makeUniqueTitle('Told'), makeUniqueTitle('Not wanted')];
  await tonks.report({ title: quiet });
  await tonks.report({ title: first, severity: 'SERIOUS' });
  await expect.poll(() => findTitles(receiver)).toEqual([first]);
  const called = receiver.calls[0] as Call;
  expect(isSignedWith(secret, called)).toBe(true);
  const row = findRow(page, 'Daily Prophet');
  await expectStanding(row, 'live');
  await expect(row).toContainText('last delivery');
  await expect(row).toContainText('incident.created · Serious');

  // What waits while it is not called comes when it is.
  const told = [first];
  await row.getByRole('switch', { name: 'Daily Prophet is called' }).click({ force: true });
  await expectStanding(row, 'disabled');
  // Whoever calls hears of it within a second; what happens before is told still.
  await expect
    .poll(async () => {
      const title = makeUniqueTitle('Told later');
      await tonks.report({ title, severity: 'SERIOUS' });
      told.push(title);
      return await row.textContent();
    }, AFTER_PAUSES)
    .toMatch(/[1-9]\d* events? waits?/);
  await row.getByRole('switch', { name: 'Daily Prophet is called' }).click({ force: true });
  await expect.poll(() => findTitles(receiver), AFTER_PAUSES).toEqual(told);

  await chooseDeed(row, 'Deliver again');
  const dialog = page.getByRole('dialog', { name: 'Deliver again to Daily Prophet' });
  await dialog.getByLabel('From event').fill('999999999');
  await dialog.getByRole('button', { name: 'Deliver again' }).click();
  await expect(dialog.getByText('Must be the eventId of an event that the log still has')).toBeVisible();
  await dialog.getByLabel('From event').fill(called.id);
  receiver.calls.length = 0;
  await dialog.getByRole('button', { name: 'Deliver again' }).click();
  await expect(dialog).toHaveCount(0);
  await expect.poll(() => findTitles(receiver), AFTER_PAUSES).toEqual(told);
  expect(receiver.calls[0]?.id).toBe(called.id);

  await chooseDeed(row, 'New secret');
  await page.getByRole('dialog').getByRole('button', { name: 'Give it a new secret' }).click();
  const next = await readSecretOnce(page);
  await expect(row).toContainText('Signed with its previous secret as well until');
  // As soon as whoever calls has heard of it.
  await expect
    .poll(async () => {
      const title = makeUniqueTitle('Signed twice');
      await tonks.report({ title, severity: 'SERIOUS' });
      await expect.poll(() => findTitles(receiver)).toContain(title);
      return [secret, next].map((each) => isSignedWith(each, receiver.calls.at(-1) as Call));
    }, AFTER_PAUSES)
    .toEqual([true, true]);

  await chooseDeed(row, 'Edit');
  const edit = page.getByRole('form', { name: 'Edit Daily Prophet' });
  await edit.getByLabel('Written for').click();
  await page.getByRole('option', { name: 'Slack' }).click();
  await edit.getByRole('button', { name: 'Save changes' }).click();
  await expect(row).toContainText('Slack · incident.created');
  await expect
    .poll(async () => {
      const known = receiver.calls.length;
      await tonks.report({ title: 'As a line', severity: 'SERIOUS' });
      await expect.poll(() => receiver.calls.length).toBeGreaterThan(known);
      return receiver.calls.at(-1)?.body.text;
    }, AFTER_PAUSES)
    .toContain('As a line');

  await chooseDeed(row, 'Delete');
  await page.getByRole('dialog', { name: 'Delete Daily Prophet' }).getByRole('button', { name: 'Delete for good' }).click();
  await expect(page.getByText('Nobody is called yet')).toBeVisible();
});

test('should say what fails as it fails, and lead there from the notice of a webhook that was disabled', async ({ page, tonks, receiver }) => {
  await page.goto('/outlets');
  await makeWebhook(page, 'Quibbler', receiver.url);
  const row = findRow(page, 'Quibbler');
  receiver.status = 500;
  await tonks.report({ title: makeUniqueTitle('Held back') });
  await expectStanding(row, 'failing');
  await expect(row.getByTestId('last-failure')).toContainText('it answered 500');
  receiver.status = 204;
  await expectStanding(row, 'live');
  await expect(row.getByTestId('last-failure')).toContainText('Last failure: it answered 500');
  expect(findTitles(receiver)).toHaveLength(1);

  await page.getByRole('link', { name: 'Owl Post, all incidents' }).click();
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Outlets');
  receiver.status = 410;
  await tonks.report({ title: makeUniqueTitle('Gone') });
  const toast = page.locator('.mantine-Notification-root').filter({ hasText: 'was disabled' });
  await expect(toast).toContainText('The webhook “Quibbler” was disabled: it answered 410 Gone', AFTER_PAUSES);
  await toast.getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Outlets' })).toBeVisible();
  await expectStanding(row, 'disabled');
  await expect(row.getByTestId('disabled-reason')).toContainText('it answered 410 Gone');
  await page.getByRole('link', { name: 'Owl Post, all incidents' }).click();
  await page.getByRole('button', { name: /^Notifications/ }).click();
  await page.getByTestId('notification').getByRole('link', { name: /Quibbler/ }).click();
  await expect(page).toHaveURL(/\/outlets$/);
  receiver.status = 204;
  await row.getByRole('switch', { name: 'Quibbler is called' }).click({ force: true });
  await expectStanding(row, 'live');
  await expect(row.getByTestId('disabled-reason')).toHaveCount(0);
  await expect.poll(() => findTitles(receiver)).toHaveLength(2);
});

test('should be for Aurors', async ({ openAs }) => {
  const page = await openAs('percy', '/outlets');
  await expect(page.getByRole('heading', { name: 'This page is for Aurors' })).toBeVisible();
});

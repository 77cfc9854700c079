import type { ReceiptsOfIncident as Receipts } from '@owlpost/client/rest';
import type { Page } from '@playwright/test';
import type { ApiActor } from '../harness/api';
import { expect, makeUniqueTitle, test } from '../harness/test';

declare global {
  interface Window {
    alarms: number;
    desktop: string[];
    badges: number[];
  }
}

const alertOf = (page: Page, id: string) => page.locator(`[data-testid="alert"][data-incident-id="${id}"]`);
const readReceipts = (actor: ApiActor, id: string) => actor.send<Receipts>('GET', `/api/incidents/${id}/receipts`);

async function readSeenAt(actor: ApiActor, id: string, email: string): Promise<string | null | undefined> {
  const { people } = await readReceipts(actor, id);
  return people.find((person) => person.user.email.startsWith(email))?.seenAt;
}

/** Counts the notes that the page plays, from the next time on that it is opened. */
async function countAlarms(page: Page): Promise<void> {
  const count = () => {
    window.alarms = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...args) {
      window.alarms += 1;
      return start.apply(this, args);
    };
  };
  await page.addInitScript(count);
  await page.evaluate(count);
}

/** What the page believes of its tab. */
async function setVisibilityOfTab(page: Page, state: 'visible' | 'hidden'): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
}

test.describe('the alert bar', () => {
  test('should show a critical incident at once, behind 60 mentions, and never as a toast', async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    const talk = await hermione.report({ title: makeUniqueTitle('Talk') });
    const tonks = await openAs('tonks');
    for (let at = 0; at < 60; at += 1) await hermione.comment(talk.id, `@nymphadora.tonks ${at}`);
    const incident = await hermione.report({ title: makeUniqueTitle('Basilisk'), severity: 'CRITICAL', location: 'Dungeon' });
    const row = alertOf(tonks, incident.id);
    await expect(row).toBeVisible();
    await expect(row).toContainText('Hermione Granger · Dungeon');
    await expect(row.getByTestId('alert-age')).toHaveText(/^0:0\d$/);
    await expect(row.getByTestId('alert-age')).toHaveText(/^0:0[2-9]$/);
    await expect(tonks).toHaveTitle(/^\(\d+ critical\) .*Owl Post$/);
    await expect(tonks.locator('link[rel="icon"]')).toHaveAttribute('href', /owl-alert\.svg$/);
    await expect(tonks.locator('.mantine-Notification-root').filter({ hasText: incident.title })).toHaveCount(0);
    // One voice: what a screen reader hears of it is one alert, without the clock.
    const voice = tonks.getByRole('alert').filter({ hasText: incident.title });
    await expect(voice).toHaveCount(1);
    await expect(voice).toContainText(`Critical: ${incident.title}, reported by Hermione Granger in Dungeon`);
    await expect(voice).not.toContainText(/\d:\d\d/);
  });

  test('should stand above dialogs', async ({ openAs, actAs }) => {
    const incident = await (await actAs('hermione')).report({ title: makeUniqueTitle('Boggart'), severity: 'CRITICAL' });
    const percy = await openAs('percy');
    await percy.getByRole('button', { name: /Report/ }).click();
    await percy.getByRole('dialog').waitFor();
    await alertOf(percy, incident.id).getByRole('button', { name: /^Take it/ }).click();
    await expect(percy.getByTestId('alert-taken')).toContainText(`You have taken “${incident.title}”`);
    await expect(alertOf(percy, incident.id)).toHaveCount(0);
  });

  test('should be gone for everybody when one takes it, with who did', async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    const incident = await hermione.report({ title: makeUniqueTitle('Dementor'), severity: 'CRITICAL' });
    const [tonks, kingsley] = [await openAs('tonks'), await openAs('kingsley')];
    await expect(alertOf(kingsley, incident.id)).toBeVisible();
    await alertOf(tonks, incident.id).getByRole('link').focus();
    await tonks.keyboard.press('t');
    await expect(alertOf(kingsley, incident.id)).toHaveCount(0);
    await expect(kingsley.getByTestId('alert-taken')).toContainText(`Nymphadora Tonks has taken “${incident.title}”`);
    await kingsley.goto(`/incidents/${incident.id}`);
    await expect(kingsley.getByTestId('incident-summary')).toContainText('Nymphadora Tonks has it');
    await expect(kingsley.getByRole('button', { name: `Take it: ${incident.title}` })).toHaveCount(0);
  });

  test('should tell the second of two who was first, and when', async ({ openAs, actAs }) => {
    const incident = await (await actAs('hermione')).report({ title: makeUniqueTitle('Chimera'), severity: 'CRITICAL' });
    const [kingsley, tonks] = [await actAs('kingsley'), await openAs('tonks')];
    await tonks.route('**/acknowledge', async (route) => {
      await kingsley.send('POST', `/api/incidents/${incident.id}/acknowledge`);
      await route.continue();
    });
    await alertOf(tonks, incident.id).getByRole('button', { name: /^Take it/ }).click();
    const toast = tonks.locator('.mantine-Notification-root').filter({ hasText: 'Kingsley Shacklebolt has it' });
    await expect(toast).toContainText(/took “.*” at \d\d:\d\d/);
    await expect(alertOf(tonks, incident.id)).toHaveCount(0);
  });

  test('should go away for who says "Not me", also after a reload', async ({ openAs, actAs }) => {
    const incident = await (await actAs('hermione')).report({ title: makeUniqueTitle('Manticore'), severity: 'CRITICAL' });
    const cedric = await openAs('cedric');
    await alertOf(cedric, incident.id).getByRole('button', { name: /^Not me/ }).click();
    await expect(alertOf(cedric, incident.id)).toHaveCount(0);
    await cedric.reload();
    await expect(cedric.getByRole('region', { name: 'Urgent' })).toContainText(incident.title);
    await expect(alertOf(cedric, incident.id)).toHaveCount(0);
  });

  test('should hold what came while the tab was offline', async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    const tonks = await openAs('tonks');
    await tonks.context().setOffline(true);
    await expect(tonks.getByTestId('link-state')).not.toHaveAttribute('data-link', 'live', { timeout: 30_000 });
    const incident = await hermione.report({ title: makeUniqueTitle('Inferi'), severity: 'CRITICAL' });
    await tonks.context().setOffline(false);
    await expect(alertOf(tonks, incident.id)).toBeVisible({ timeout: 30_000 });
  });

  test('should play until it is seen, and count as seen only on the screen of a visible tab', async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    const tonks = await openAs('tonks');
    await countAlarms(tonks);
    await tonks.getByRole('heading', { level: 1 }).click();
    await setVisibilityOfTab(tonks, 'hidden');
    const incident = await hermione.report({ title: makeUniqueTitle('Acromantula'), severity: 'CRITICAL' });
    await expect(alertOf(tonks, incident.id)).toBeVisible();
    // Three notes a tune: once at the beginning, and again.
    await expect.poll(() => tonks.evaluate(() => window.alarms), { timeout: 20_000 }).toBeGreaterThan(3);
    const reached = async () => (await readReceipts(hermione, incident.id)).delivered;
    await expect.poll(reached).toBeGreaterThan(0);
    expect(await readSeenAt(hermione, incident.id, 'nymphadora')).toBeNull();
    await setVisibilityOfTab(tonks, 'visible');
    await expect.poll(() => readSeenAt(hermione, incident.id, 'nymphadora')).toBeTruthy();
  });

  test('should reach the desktop and the badge of the app while the tab is hidden', async ({ openAs, actAs }) => {
    const tonks = await openAs('tonks');
    await tonks.addInitScript(() => {
      window.desktop = [];
      window.badges = [];
      // Stands for the desktop, which a browser without a screen has not.
      window.Notification = class {
        static permission = 'default';
        static requestPermission(): Promise<string> {
          this.permission = 'granted';
          return Promise.resolve('granted');
        }
        onclick: (() => void) | null = null;
        constructor(title: string) {
          window.desktop.push(title);
        }
        close(): void {}
      } as unknown as typeof Notification;
      navigator.setAppBadge = (count) => Promise.resolve(void window.badges.push(count ?? 0));
    });
    const hermione = await actAs('hermione');
    await hermione.report({ title: makeUniqueTitle('Ghoul'), severity: 'CRITICAL' });
    await tonks.reload();
    await tonks.getByRole('button', { name: 'Alert me when this tab is hidden' }).click();
    await expect(tonks.getByRole('button', { name: 'Alert me when this tab is hidden' })).toHaveCount(0);
    await setVisibilityOfTab(tonks, 'hidden');
    const incident = await hermione.report({ title: makeUniqueTitle('Banshee'), severity: 'CRITICAL' });
    await expect.poll(() => tonks.evaluate(() => window.desktop)).toContain(`Critical: ${incident.title}`);
    expect(await tonks.evaluate(() => window.badges.at(-1))).toBeGreaterThan(1);
  });

  test('should say after a reload that the browser keeps it silent, and play at the first gesture', async ({ openAs, actAs }) => {
    const incident = await (await actAs('hermione')).report({ title: makeUniqueTitle('Werewolf'), severity: 'CRITICAL' });
    const tonks = await openAs('tonks');
    await countAlarms(tonks);
    await tonks.reload();
    await expect(alertOf(tonks, incident.id)).toBeVisible();
    await expect(tonks.getByRole('button', { name: /keeps this page silent/ })).toBeVisible();
    expect(await tonks.evaluate(() => window.alarms)).toBe(0);
    await tonks.getByRole('button', { name: /keeps this page silent/ }).click();
    await expect.poll(() => tonks.evaluate(() => window.alarms)).toBeGreaterThan(0);
    await expect(tonks.getByRole('button', { name: /keeps this page silent/ })).toHaveCount(0);
  });
});

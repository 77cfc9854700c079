import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Incident } from '@owlpost/client';
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/test';

const FOLDER = fileURLToPath(new URL('../../../docs/img/', import.meta.url));

async function takeShotOfPage(page: Page, name: string): Promise<void> {
  // Toasts and glows are for the moment, not for the picture.
  await expect(page.locator('.mantine-Notification-root')).toHaveCount(0, { timeout: 30_000 });
  await page.mouse.move(2, 2);
  await page.screenshot({ path: `${FOLDER}${name}.png`, animations: 'disabled' });
}

test('pictures for the README', async ({ openAs, actAs }) => {
  test.setTimeout(240_000);
  await mkdir(FOLDER, { recursive: true });
  const [hermione, ron, tonks] = [await actAs('hermione'), await actAs('ron'), await actAs('tonks')];
  const troll: Incident = await hermione.report({
    title: 'Dragon egg hatching in Hagrid’s hut',
    description:
      'Norwegian Ridgeback, about to come out. The hut is made of wood, and Hagrid will not hear of moving it.\n\nWho comes: bring gloves, and nothing that burns.',
    severity: 'CRITICAL',
    location: 'Hagrid’s hut',
  });
  await tonks.update(troll.id, { status: 'IN_PROGRESS', assigneeId: tonks.user.id });
  await ron.comment(troll.id, 'It has hiccuped twice. The table is on fire, only a little.');
  await tonks.comment(troll.id, 'On my way with Kingsley. @percy.weasley, keep everybody off the lawn please.');
  await hermione.comment(troll.id, 'Charlie can take it from the tallest tower, Saturday at midnight.');

  const kingsley = await openAs('kingsley');
  await openAs('percy');
  await openAs('cedric');
  await openAs('harry');
  await expect(kingsley.getByRole('article').first()).toBeVisible();
  await takeShotOfPage(kingsley, 'dashboard');

  const path = `/incidents/${troll.id}`;
  const detail = await openAs('tonks', path);
  const typist = await openAs('ron', path);
  await openAs('hermione', path);
  await kingsley.goto(path);
  await expect(detail.getByTestId('viewers')).toContainText('4 users');
  await typist.getByLabel('Write a comment').pressSequentially('Wingardium', { delay: 20 });
  await expect(detail.getByTestId('typing')).toContainText('Ron Weasley is typing');
  await typist.getByLabel('Write a comment').press('!');
  await detail.mouse.move(2, 2);
  await detail.screenshot({ path: `${FOLDER}incident.png`, animations: 'disabled' });

  await detail.getByRole('button', { name: 'Time machine' }).click();
  await detail.getByRole('slider').focus();
  for (let step = 0; step < 6; step += 1) await detail.keyboard.press('ArrowLeft');
  await expect(detail.getByTestId('past')).toBeVisible();
  await detail.getByRole('region', { name: 'Who has seen it' }).scrollIntoViewIfNeeded();
  await takeShotOfPage(detail, 'time-machine');

  await kingsley.goto('/incidents?view=all');
  const percy = await actAs('percy');
  const stairs = await percy.report({ title: 'Staircase stuck between two floors', severity: 'SERIOUS', location: 'Grand Staircase' });
  await percy.comment(stairs.id, '@kingsley.shacklebolt could you look at this one?');
  await percy.update(stairs.id, { assigneeId: (await actAs('kingsley')).user.id });
  await expect(kingsley.getByRole('button', { name: /Notifications, \d+ unread/ })).toBeVisible();
  await expect(kingsley.locator('.mantine-Notification-root')).toHaveCount(0, { timeout: 30_000 });
  await kingsley.getByRole('button', { name: /^Notifications/ }).click();
  await expect(kingsley.getByTestId('notification').first()).toBeVisible();
  await takeShotOfPage(kingsley, 'notifications');

  const dark = await openAs('tonks', path, { colorScheme: 'dark' });
  await expect(dark.getByTestId('comment').first()).toBeVisible();
  await takeShotOfPage(dark, 'dark');
  const phone = await openAs('cedric', '/incidents?view=all', { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2 });
  await expect(phone.getByRole('article').first()).toBeVisible();
  await takeShotOfPage(phone, 'phone');
});

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';
import { expect, makeUniqueTitle, test } from '../harness/test';

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function listSeriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(await axeSource);
  const results = await page.evaluate(
    () => (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  );
  return results.violations
    .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`should have no serious issue by axe, ${colorScheme}`, async ({ browser, server, openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('For every eye'), severity: 'CRITICAL', description: 'x' });
    await percy.comment(incident.id, 'Tell @cedric.diggory and @harry.potter');
    const login = await browser.newPage({ baseURL: server.url, colorScheme, reducedMotion: 'reduce' });
    await login.goto('/login');
    await expect(login.getByRole('region', { name: 'Demo users' })).toBeVisible();
    expect(await listSeriousViolations(login)).toEqual([]);
    await login.close();

    const page = await openAs('cedric', '/incidents', { colorScheme, reducedMotion: 'reduce' });
    await expect(page.getByRole('region', { name: 'Urgent' })).toBeVisible();
    expect(await listSeriousViolations(page)).toEqual([]);
    await page.getByRole('button', { name: /^Notifications/ }).click();
    await expect(page.getByTestId('notification').first()).toBeVisible();
    expect(await listSeriousViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Report incident' }).click();
    await expect(page.getByRole('dialog', { name: 'Report an incident' })).toBeVisible();
    expect(await listSeriousViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.goto(`/incidents/${incident.id}`);
    await expect(page.getByTestId('comment')).toBeVisible();
    await expect(page.getByTestId('viewers')).toBeVisible();
    expect(await listSeriousViolations(page)).toEqual([]);
  });
}

test('should be usable by keyboard alone', async ({ openAs }) => {
  const page = await openAs('harry');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Report incident' })).toBeFocused();
  await page.keyboard.press('Enter');
  const form = page.getByRole('dialog', { name: 'Report an incident' });
  await expect(form.getByLabel('What happened')).toBeFocused();
  const title = makeUniqueTitle('Typed, not clicked');
  await page.keyboard.type(title);
  await page.keyboard.press('Enter');
  await expect(form).toBeHidden();
  const link = page.getByRole('article', { name: title }).getByRole('link');
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeFocused();
  await page.getByLabel('Write a comment').focus();
  await page.keyboard.type('By key');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByTestId('comment')).toContainText('By key');
});

test('should have landmarks and live regions', async ({ openAs }) => {
  const page = await openAs('harry');
  for (const role of ['banner', 'navigation', 'main', 'search'] as const) await expect(page.getByRole(role)).toHaveCount(1);
  expect(await page.locator('[aria-live="polite"]').count()).toBeGreaterThan(0);
});

test('should fit a phone of 360 px and a desk of 1440 px', async ({ openAs, actAs }) => {
  const incident = await (await actAs('percy')).report({ title: makeUniqueTitle('Averyveryverylongwordthatdoesnotbreakanywhere'.repeat(2)) });
  for (const width of [360, 1440]) {
    const page = await openAs('percy', '/incidents', { viewport: { width, height: 800 } });
    for (const path of ['/incidents', `/incidents/${incident.id}`]) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expect(page.getByTestId('online-counts').filter({ visible: true })).toHaveCount(1);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `${path} at ${width}`).toBeLessThanOrEqual(0);
    }
  }
});

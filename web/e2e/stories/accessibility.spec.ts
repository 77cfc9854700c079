import { expect, makeUniqueTitle, test } from '../harness/test';

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

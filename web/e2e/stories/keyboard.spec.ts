import { expect, makeUniqueTitle, test } from '../harness/test';

test('should reach the composer without the buttons of every comment before it', async ({ openAs, actAs }) => {
  const ron = await actAs('ron');
  const incident = await ron.report({ title: makeUniqueTitle('Much was said') });
  for (let at = 1; at <= 20; at += 1) await ron.comment(incident.id, `Words ${at}`);
  const page = await openAs('ron', `/incidents/${incident.id}`);
  await expect(page.getByTestId('comment')).toHaveCount(20);
  await page.getByRole('log', { name: 'Comments' }).focus();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Write a comment')).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  const skip = page.getByRole('link', { name: 'Write a comment' });
  await expect(skip).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Write a comment')).toBeFocused();
  // The arrows go from comment to comment, Tab to the button of the one that has the focus.
  await page.getByRole('log', { name: 'Comments' }).focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  const before = page.getByTestId('comment').filter({ hasText: /Words 19$/ });
  await expect(before).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(before.getByRole('button', { name: /^Delete comment/ })).toBeFocused();
});

test('should take what is typed before the comments are there', async ({ openAs, actAs }) => {
  const incident = await (await actAs('ron')).report({ title: makeUniqueTitle('Slow to load') });
  const page = await openAs('ron');
  let letThrough = () => {};
  const gate = new Promise<void>((resolve) => (letThrough = resolve));
  await page.route('**/api/incidents/*/comments*', async (route) => {
    if (route.request().method() === 'GET') await gate;
    await route.continue();
  });
  await page.goto(`/incidents/${incident.id}`);
  await page.getByLabel('Write a comment').waitFor();
  await page.getByLabel('Write a comment').focus();
  await page.keyboard.type('By key');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByLabel('Write a comment')).toHaveValue('');
  letThrough();
  await expect(page.getByTestId('comment')).toHaveCount(1);
  await expect(page.getByTestId('comment')).toContainText('By key');
});

import { expect, makeUniqueTitle, test } from '../harness/test';

// 720 is a desk of 1440 px at 200 %.
for (const width of [320, 360, 720, 767, 768, 769, 992, 1440, 1920]) {
  test(`should show counts and filters and fit ${width} px`, async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const incident = await ron.report({ title: makeUniqueTitle('Averyveryverylongwordthatdoesnotbreakanywhere'.repeat(2)), severity: 'CRITICAL' });
    const page = await openAs('percy', '/incidents', { viewport: { width, height: 800 } });
    await expect(page.getByTestId('online-counts').filter({ visible: true })).toHaveCount(1);
    const toggle = page.getByRole('button', { name: 'Show filters' });
    if (await toggle.isVisible()) await toggle.click();
    await expect(page.getByLabel('Severity').first()).toBeVisible();
    for (const path of ['/incidents', `/incidents/${incident.id}`]) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), path).toBeLessThanOrEqual(0);
    }
  });
}

test('should print an incident without the shell, dark letters on white, all of the thread', async ({ openAs, actAs }) => {
  const ron = await actAs('ron');
  const incident = await ron.report({ title: makeUniqueTitle('For the file'), description: 'What happened' });
  for (let at = 1; at <= 20; at += 1) await ron.comment(incident.id, `Words ${at}`);
  const page = await openAs('percy', `/incidents/${incident.id}`, { colorScheme: 'dark' });
  await expect(page.getByTestId('comment')).toHaveCount(20);
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'light');
  for (const gone of [page.getByRole('banner'), page.getByRole('navigation', { name: 'Views' }), page.getByLabel('Write a comment')])
    await expect(gone).toBeHidden();
  for (const kept of [
    page.getByRole('heading', { level: 1, name: incident.title }),
    page.getByRole('region', { name: 'Properties' }),
    page.getByText('What happened'),
    page.getByTestId('comment').first(),
  ])
    await expect(kept).toBeVisible();
  const cut = await page.getByRole('log', { name: 'Comments' }).evaluate((log) => log.scrollHeight - log.clientHeight);
  expect(cut).toBeLessThanOrEqual(0);
  await page.emulateMedia({ media: 'screen' });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
});

import { measureContrastOfText } from '../harness/contrast';
import { expect, findRowByTitle, makeUniqueTitle, test } from '../harness/test';

for (const colorScheme of ['light', 'dark'] as const) {
  for (const reducedMotion of ['no-preference', 'reduce'] as const) {
    test(`should keep a changed badge readable, ${colorScheme}, ${reducedMotion}`, async ({ openAs, actAs }) => {
      const percy = await actAs('percy');
      const incident = await percy.report({ title: makeUniqueTitle('It grows') });
      // Others may have filled the house.
      const page = await openAs('harry', `/incidents?q=${encodeURIComponent(incident.title)}`, { colorScheme, reducedMotion });
      await expect(findRowByTitle(page, incident.title)).toBeVisible();
      await percy.update(incident.id, { severity: 'CRITICAL', status: 'IN_PROGRESS' });
      const row = findRowByTitle(page, incident.title);
      for (const badge of [row.locator('[data-severity="CRITICAL"]'), row.locator('[data-status="IN_PROGRESS"]')]) {
        await expect(badge).toHaveCSS('outline-style', 'solid');
        expect(await measureContrastOfText(badge)).toBeGreaterThanOrEqual(4.5);
      }
    });
  }

  test(`should keep the chosen of a completion list and what is resolved readable, ${colorScheme}`, async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Read me') });
    const page = await openAs('harry', `/incidents/${incident.id}`, { colorScheme, reducedMotion: 'reduce' });
    await page.getByLabel('Write a comment').pressSequentially('@ron');
    const chosen = page.locator('[role="option"][data-combobox-selected]');
    await expect(chosen).toBeVisible();
    for (const words of [chosen.getByText('Ron Weasley'), chosen.getByText('@ron.weasley')])
      expect(await measureContrastOfText(words)).toBeGreaterThanOrEqual(4.5);
    await percy.resolve(incident.id, 'It is read');
    const title = page.getByTestId('resolution').getByText('Resolved', { exact: true });
    await expect(title).toBeVisible();
    expect(await measureContrastOfText(title)).toBeGreaterThanOrEqual(4.5);
  });
}

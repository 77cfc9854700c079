import { expect, findRowByTitle, makeUniqueTitle, test } from '../harness/test';

declare global {
  interface Window {
    tunes: number;
  }
}

test.describe('US-REALTIME-001: live incident creation', () => {
  test('should show a new incident to everybody, the creator too, once only', { tag: '@database' }, async ({ openAs }) => {
    const [harry, hermione] = [await openAs('harry'), await openAs('hermione')];
    const title = makeUniqueTitle('Pixies in the corridor');
    await harry.getByRole('button', { name: 'Report incident' }).click();
    const form = harry.getByRole('dialog', { name: 'Report an incident' });
    await form.getByLabel('What happened').fill(title);
    await form.getByText('Serious', { exact: true }).click();
    await form.getByLabel('Where').fill('Second floor');
    await form.getByRole('button', { name: 'Report incident' }).click();
    for (const page of [harry, hermione]) {
      await expect(findRowByTitle(page, title)).toHaveCount(1);
      await expect(findRowByTitle(page, title)).toContainText('Serious');
      await expect(findRowByTitle(page, title)).toContainText('Second floor');
    }
    await expect(hermione.getByRole('status').filter({ hasText: 'New incident from Harry Potter' })).toContainText(title);
    await expect(harry.getByRole('status').filter({ hasText: 'New incident from' })).toHaveCount(0);
  });

  test('should deliver within a blink and without a reload', async ({ openAs, actAs }) => {
    const page = await openAs('ron');
    await page.evaluate(() => ((window as unknown as { marker: number }).marker = 1));
    const actor = await actAs('percy');
    const title = makeUniqueTitle('Howler in the hall');
    await actor.report({ title });
    await expect(findRowByTitle(page, title)).toBeVisible({ timeout: 2_000 });
    expect(await page.evaluate(() => (window as unknown as { marker?: number }).marker)).toBe(1);
  });

  test('should play a sound only when asked to, after a gesture, and remember the choice', async ({ openAs, actAs }) => {
    const page = await openAs('hermione');
    await page.addInitScript(() => {
      window.tunes = 0;
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (...args) {
        window.tunes += 1;
        return start.apply(this, args);
      };
    });
    await page.reload();
    const actor = await actAs('ron');
    const quiet = makeUniqueTitle('A quiet one');
    await actor.report({ title: quiet });
    await expect(findRowByTitle(page, quiet)).toBeVisible();
    expect(await page.evaluate(() => window.tunes)).toBe(0);

    await page.getByRole('button', { name: /Account and settings/ }).click();
    await page.getByRole('menuitemradio', { name: 'Everything new' }).click();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => window.tunes)).toBeGreaterThan(0);

    await page.reload();
    await page.getByRole('heading', { level: 1 }).click();
    await page.evaluate(() => (window.tunes = 0));
    await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', 'live');
    await actor.report({ title: makeUniqueTitle('A loud one') });
    await expect.poll(() => page.evaluate(() => window.tunes)).toBeGreaterThan(0);
  });
});

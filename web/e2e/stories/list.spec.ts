import { expect, findRowByTitle, makeUniqueTitle, scrollOneStepDown, test } from '../harness/test';

test.describe('the list', () => {
  test('should keep filters and search in the address', { tag: '@database' }, async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const word = `zonko${Date.now().toString(36)}`;
    const wanted = await percy.report({ title: `${word} fireworks`, severity: 'SERIOUS', assigneeId: percy.user.id });
    const other = await percy.report({ title: `${word} sweets` });
    const page = await openAs('percy');
    await page.getByRole('searchbox', { name: 'Search incidents' }).fill(word);
    await expect(findRowByTitle(page, wanted.title)).toBeVisible();
    await expect(findRowByTitle(page, other.title)).toBeVisible();
    await expect(page.getByRole('article')).toHaveCount(2);
    await expect(page).toHaveURL(new RegExp(`q=${word}`));
    await page.goto(`/incidents?q=${word}&severity=SERIOUS&assignee=me`);
    await expect(findRowByTitle(page, wanted.title)).toBeVisible();
    await expect(page.getByRole('article')).toHaveCount(1);
    await page.reload();
    await expect(page.getByRole('article')).toHaveCount(1);
    // Filters hold for live news as well.
    const late = await percy.report({ title: `${word} late`, severity: 'SERIOUS', assigneeId: percy.user.id });
    await expect(findRowByTitle(page, late.title)).toBeVisible();
    await percy.report({ title: `${word} not for this list` });
    await percy.update(wanted.id, { severity: 'MISCHIEF' });
    await expect(findRowByTitle(page, wanted.title)).toHaveCount(0);
    await expect(page.getByRole('article')).toHaveCount(1);
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect(page).toHaveURL(/\/incidents$/);
  });

  test('should load more as the reader goes down', { tag: '@database' }, async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const oldest = await ron.report({ title: makeUniqueTitle('The oldest') });
    for (let at = 0; at < 70; at += 1) await ron.report({ title: makeUniqueTitle('Filler') });
    const page = await openAs('harry');
    await expect(page.getByRole('article').first()).toBeVisible();
    await expect(findRowByTitle(page, oldest.title)).toHaveCount(0);
    await expect
      .poll(
        async () => {
          await scrollOneStepDown(page);
          return await findRowByTitle(page, oldest.title).count();
        },
        { intervals: [0], timeout: 30_000 },
      )
      .toBe(1);
    const titles = await page.getByRole('article').evaluateAll((rows) => rows.map((row) => row.dataset.incidentId));
    expect(new Set(titles).size).toBe(titles.length);
  });
});

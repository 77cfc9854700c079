import { expect, makeUniqueTitle, test } from '../harness/test';

/** Live creations, and how many are under way at once. */
const CREATED = 600;
const AT_ONCE = 12;
const MOST_ROWS = 300;

test('should stay bounded while hundreds of incidents arrive', async ({ openAs, actAs }) => {
  const ron = await actAs('ron');
  const page = await openAs('harry', '/incidents?view=all');
  const title = makeUniqueTitle('Storm');
  let next = 0;
  const report = async () => {
    while (next < CREATED) await ron.report({ title: `${title} ${(next += 1)}` });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, report));
  const rows = page.getByRole('list', { name: 'Incidents', exact: true }).getByRole('article');
  await expect(rows.first()).toHaveAttribute('aria-label', new RegExp(`^${title} \\d+$`));
  await expect.poll(() => rows.count()).toBe(MOST_ROWS);
  // What was left out is a page away.
  await page.getByRole('button', { name: 'Show more' }).or(page.getByLabel('Loading more incidents')).first().scrollIntoViewIfNeeded();
  await expect.poll(() => rows.count()).toBeGreaterThan(MOST_ROWS);
});

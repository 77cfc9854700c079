import { expect, findRowByTitle, scrollOneStepDown, test } from '../harness/test';

const INCIDENTS = 200;
const AT_ONCE = 20;

test('should take 200 incidents in a burst: each shown once, no storm of toasts', async ({ openAs, actAs }) => {
  const page = await openAs('harry');
  const ron = await actAs('ron');
  const mark = `burst${Date.now().toString(36)}`;
  await page.goto(`/incidents?q=${mark}`);
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', 'live');
  const reportEveryNth = async (first: number) => {
    for (let at = first; at < INCIDENTS; at += AT_ONCE) await ron.report({ title: `${mark} number ${at}` });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => reportEveryNth(first)));
  const rows = page.getByRole('list', { name: 'Incidents', exact: true }).getByRole('article');
  // Not all are in the page at once: gathered on the way down.
  const ids: (string | undefined)[] = [];
  const gather = async () => {
    for (const id of await rows.evaluateAll((nodes) => nodes.map((node) => node.dataset.incidentId))) if (!ids.includes(id)) ids.push(id);
    await scrollOneStepDown(page);
    return ids.length;
  };
  await expect.poll(gather, { timeout: 30_000, intervals: [0] }).toBe(INCIDENTS);
  await expect(page.locator(`[aria-setsize="${INCIDENTS}"][aria-posinset="${INCIDENTS}"]`)).toHaveCount(1);
  await expect(findRowByTitle(page, `${mark} number 0`)).toHaveCount(1);
  expect(await page.locator('.mantine-Notification-root').count()).toBeLessThanOrEqual(5);
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', 'live');
});

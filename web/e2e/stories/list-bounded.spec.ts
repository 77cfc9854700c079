import type { Page } from '@playwright/test';
import { ApiActor } from '../harness/api';
import { expect, findRowByTitle, makeUniqueTitle, scrollOneStepDown, test } from '../harness/test';

/** Live creations, and how many are under way at once. */
const CREATED = 600;
const AT_ONCE = 12;
/** Rows that the page keeps, and those that are in it at once. */
const MOST_KEPT = 300;
const MOST_IN_PAGE = 60;

const findRows = (page: Page) => page.getByRole('list', { name: 'Incidents', exact: true }).getByRole('listitem');
const readPlaces = (page: Page) => findRows(page).evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('aria-posinset'))));

test('should stay bounded while hundreds of incidents arrive', async ({ openAs, actAs }) => {
  const ron = await actAs('ron');
  const page = await openAs('harry', '/incidents?view=all');
  const title = makeUniqueTitle('Storm');
  let next = 0;
  const report = async () => {
    while (next < CREATED) await ron.report({ title: `${title} ${(next += 1)}` });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, report));
  await expect(findRows(page).getByRole('article').first()).toHaveAttribute('aria-label', new RegExp(`^${title} \\d+$`));
  await expect.poll(async () => (await readPlaces(page)).length).toBeLessThanOrEqual(MOST_IN_PAGE);
  // At its end, which is not the end of all incidents: what was left out is a page away.
  const goToEnd = () => page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  await expect
    .poll(async () => {
      await goToEnd();
      return Math.max(...(await readPlaces(page)));
    })
    .toBeGreaterThan(MOST_KEPT);
  expect((await readPlaces(page)).length).toBeLessThanOrEqual(MOST_IN_PAGE);
});

test.describe('a long list', () => {
  const mark = `long${Date.now().toString(36)}`;
  const LONG = 90;
  test.beforeAll(async ({ server }) => {
    const ron = await ApiActor.signIn(server, 'ron');
    for (let at = 1; at <= LONG; at += 1) await ron.report({ title: `${mark} ${at}`, description: at % 3 ? undefined : 'More words' });
  });
  const goDown = async (page: Page, place: number) =>
    await expect
      .poll(
        async () => {
          await scrollOneStepDown(page);
          return Math.max(...(await readPlaces(page)));
        },
        { intervals: [0] },
      )
      .toBeGreaterThanOrEqual(place);

  test('should keep the focus, the order of Tab and the number of each row', async ({ openAs }) => {
    const page = await openAs('harry', `/incidents?q=${mark}`);
    await goDown(page, LONG);
    const last = findRows(page).last();
    await expect(last).toHaveAttribute('aria-setsize', String(LONG));
    await expect(last).toHaveAttribute('aria-posinset', String(LONG));
    await page.evaluate(() => window.scrollTo(0, 0));
    const links = findRows(page).getByRole('link');
    await links.first().focus();
    // Down through every row by Tab alone, in order.
    for (let place = 1; place <= LONG; place += 1) {
      await expect(page.locator(':focus')).toHaveText(`${mark} ${LONG + 1 - place}`);
      await page.keyboard.press('Tab');
    }
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.getByRole('link', { name: `${mark} ${LONG}`, exact: true }).focus();
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    await expect.poll(async () => Math.max(...(await readPlaces(page)))).toBe(LONG);
    await expect(page.locator(':focus')).toHaveText(`${mark} ${LONG}`);
    expect((await readPlaces(page)).length).toBeLessThanOrEqual(MOST_IN_PAGE);
  });

  test('should stay where its reader is while rows arrive above', async ({ openAs, actAs }) => {
    const page = await openAs('harry', '/incidents?view=all');
    await goDown(page, 60);
    const ron = await actAs('ron');
    const row = findRows(page).nth(12);
    const name = await row.getByRole('article').getAttribute('aria-label');
    const read = page.getByRole('article', { name: name ?? '', exact: true });
    await read.scrollIntoViewIfNeeded();
    const before = (await read.boundingBox())?.y ?? 0;
    const place = Number(await row.getAttribute('aria-posinset'));
    for (let at = 1; at <= 5; at += 1) await ron.report({ title: makeUniqueTitle('Above') });
    const shown = findRows(page).filter({ has: read });
    await expect(shown).toHaveAttribute('aria-posinset', String(place + 5));
    expect(Math.abs(((await read.boundingBox())?.y ?? 0) - before)).toBeLessThanOrEqual(2);
  });

  for (const way of ['browser', 'link'] as const)
    test(`should be where it was left, back by the ${way}`, async ({ openAs }) => {
      const page = await openAs('harry', `/incidents?q=${mark}`);
      await goDown(page, 70);
      const title = `${mark} ${LONG - 60}`;
      const row = findRowByTitle(page, title);
      await row.scrollIntoViewIfNeeded();
      await expect.poll(() => page.evaluate(() => window.scrollY)).toBeGreaterThan(1_000);
      const before = await page.evaluate(() => window.scrollY);
      await row.getByRole('link').click();
      await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
      expect(await page.evaluate(() => window.scrollY)).toBe(0);
      if (way === 'browser') await page.goBack();
      else await page.getByRole('main').getByRole('link', { name: 'Incidents' }).click();
      await expect(row.getByRole('link')).toBeFocused();
      await expect.poll(async () => Math.abs((await page.evaluate(() => window.scrollY)) - before)).toBeLessThanOrEqual(2);
      await expect(row).toBeInViewport();
    });

  test('should print every row that is loaded', async ({ openAs }) => {
    const page = await openAs('harry', `/incidents?q=${mark}`);
    await goDown(page, LONG);
    await page.emulateMedia({ media: 'print' });
    await expect(findRows(page)).toHaveCount(LONG);
    await page.emulateMedia({ media: 'screen' });
    await expect.poll(() => findRows(page).count()).toBeLessThanOrEqual(MOST_IN_PAGE);
  });
});

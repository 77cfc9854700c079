import type { Locator, Page } from '@playwright/test';
import { castle } from '../harness/api';
import { expect, findRowByTitle, makeUniqueTitle, test } from '../harness/test';

const findToast = (page: Page, text: string) => page.locator('.mantine-Notification-root').filter({ hasText: text });

async function measurePlace(element: Locator) {
  const place = await element.boundingBox();
  if (!place) throw new Error(`${String(element)} has no place`);
  return place;
}

/** Neither covers any of the other, wherever they are. */
async function expectApart(toast: Locator, other: Locator): Promise<void> {
  const [a, b] = [await measurePlace(other), await measurePlace(toast)];
  const apart = b.y + b.height <= a.y || b.y >= a.y + a.height || b.x + b.width <= a.x || b.x >= a.x + a.width;
  expect(apart, JSON.stringify({ other: a, toast: b })).toBe(true);
}

/** Those that can be seen: on their way in and out they are clear. */
function countToastsOver(element: Locator): Promise<number> {
  return element.evaluate((node) => {
    const a = node.getBoundingClientRect();
    return [...document.querySelectorAll('.mantine-Notification-root')].filter((toast) => {
      const b = toast.getBoundingClientRect();
      const isOver = b.top < a.bottom && b.bottom > a.top && b.left < a.right && b.right > a.left;
      return isOver && getComputedStyle(toast).opacity !== '0';
    }).length;
  });
}

test.describe('toasts', () => {
  test('should stand newest on top, and gather the changes of an incident', async ({ openAs, actAs }) => {
    const [percy, harry] = [await actAs('percy'), await actAs('harry')];
    const [first, second] = [await harry.report({ title: makeUniqueTitle('One') }), await harry.report({ title: makeUniqueTitle('Two') })];
    const page = await openAs('harry');
    const toasts = page.locator('.mantine-Notification-root');
    // Changes of what the page does not know yet are none of its news.
    await expect(findRowByTitle(page, first.title)).toBeVisible();
    await percy.update(first.id, { severity: 'SERIOUS' });
    await expect(toasts.filter({ hasText: first.title })).toHaveCount(1);
    await percy.update(second.id, { severity: 'SERIOUS' });
    await expect(toasts.first()).toContainText(second.title);
    await percy.update(first.id, { location: 'Dungeons' });
    await expect(toasts.first()).toContainText(`${first.title} (2 changes)`);
    await expect(toasts.filter({ hasText: first.title })).toHaveCount(1);
    const place = async (title: string) => (await toasts.filter({ hasText: title }).boundingBox())?.y ?? 0;
    expect(await place(first.title)).toBeLessThan(await place(second.title));
  });

  test('should say one event once', async ({ openAs, actAs }) => {
    const [kingsley, ron] = [await actAs('kingsley'), await actAs('ron')];
    const incident = await ron.report({ title: makeUniqueTitle('Given') });
    const page = await openAs('percy', `/incidents/${incident.id}`);
    const percy = (await actAs('percy')).user;
    await kingsley.update(incident.id, { assigneeId: percy.id });
    const toasts = page.locator('.mantine-Notification-root');
    await expect(toasts.filter({ hasText: incident.title })).toHaveCount(1);
    // Whatever else the event brings has come when a later one is shown.
    await ron.comment(incident.id, `@${castle.percy} look`);
    await expect(toasts.filter({ hasText: 'mentioned' })).toHaveCount(1);
    await expect(toasts.filter({ hasText: 'assigned' })).toHaveCount(1);
  });

  test('should be spoken once', async ({ openAs, actAs }) => {
    const [percy, ron] = [await actAs('percy'), await actAs('ron')];
    const incident = await ron.report({ title: makeUniqueTitle('Spoken') });
    const page = await openAs('ron', `/incidents/${incident.id}`);
    // Of what the page does not show yet nothing is news.
    await expect(page.getByRole('heading', { level: 1, name: incident.title })).toBeVisible();
    await percy.update(incident.id, { location: 'Greenhouse' });
    const toast = page.locator('.mantine-Notification-root').filter({ hasText: 'Greenhouse' });
    await expect(toast).toBeVisible();
    const voices = page.locator('[role="status"], [role="alert"], [role="log"], [aria-live="polite"], [aria-live="assertive"]');
    await expect(voices.filter({ hasText: 'set the place to Greenhouse' })).toHaveCount(1);
    await expect(voices.filter({ has: toast })).toHaveCount(0);
    await expect(page.getByRole('log', { name: 'Comments' }).or(page.getByText('Nobody has said anything yet.'))).toBeVisible();
    // News that come together are each said.
    await ron.comment(incident.id, 'Look there');
    await Promise.all([percy.update(incident.id, { location: 'Lake' }), percy.report({ title: makeUniqueTitle('Other') })]);
    await expect(voices.filter({ hasText: 'set the place to Lake' })).toHaveCount(1);
    await expect(voices.filter({ hasText: 'New incident from Percy Weasley' })).toHaveCount(1);
    await expect(page.getByRole('log', { name: 'Comments' })).toContainText('Look there');
  });

  test('should never stand over the composer, which is at hand while the discussion is on the screen', async ({ openAs, actAs }) => {
    const [percy, harry] = [await actAs('percy'), await actAs('harry')];
    const incident = await harry.report({ title: makeUniqueTitle('Composed') });
    for (let at = 1; at <= 25; at += 1) await percy.comment(incident.id, `Words ${at}`);
    const page = await openAs('harry', `/incidents/${incident.id}`);
    await expect(page.getByTestId('comment')).toHaveCount(25);
    for (const [width, height] of [[360, 740], [800, 900], [1024, 768], [1280, 720], [1440, 900], [1920, 1080]] as const) {
      await page.setViewportSize({ width, height });
      const composer = page.getByTestId('composer');
      // Of the thread only the beginning is in sight.
      await page.getByRole('region', { name: 'Discussion' }).evaluate((region) => window.scrollTo(0, region.getBoundingClientRect().top + window.scrollY - innerHeight + 260));
      await expect(composer).toBeInViewport({ ratio: 1 });
      await percy.update(incident.id, { location: `place ${width}` });
      const toast = findToast(page, `place ${width}`);
      await expect(toast).toBeVisible();
      await expectApart(toast, composer);
      const [a, b] = [await measurePlace(composer), await measurePlace(toast)];
      expect(a.y + a.height).toBeLessThanOrEqual(height);
      // Right below the header, which is as high as there are alerts in it.
      const header = await measurePlace(page.getByRole('banner'));
      if (width < 1280) expect(b.y - header.height).toBeLessThan(60);
    }
  });

  for (const [width, height] of [[360, 740], [360, 560], [768, 1024], [1440, 900]] as const) {
    test(`should never stand over what needs an answer, at ${width} × ${height}`, async ({ openAs, actAs }) => {
      const percy = await actAs('percy');
      const incident = await percy.report({ title: makeUniqueTitle('Asked'), description: 'Before' });
      const page = await openAs('cedric', `/incidents/${incident.id}`, { viewport: { width, height } });
      await page.getByRole('button', { name: 'Edit' }).click();
      const form = page.getByRole('dialog', { name: 'Edit incident' });
      await form.getByLabel('Description').fill('Mine');
      await percy.update(incident.id, { description: 'Theirs' });
      const notice = form.getByTestId('collision-description');
      await expect(notice).toContainText('Percy Weasley changed');
      await notice.scrollIntoViewIfNeeded();
      await percy.report({ title: makeUniqueTitle('Meanwhile'), severity: 'SERIOUS' });
      await expect(page.locator('[aria-live="polite"]').filter({ hasText: 'Meanwhile' })).toHaveCount(1);
      // On the smallest there is no place for it, and it waits.
      if (height > 600) await expect(findToast(page, 'Meanwhile')).toBeVisible();
      await expect.poll(() => countToastsOver(notice)).toBe(0);
      // What is asked is in sight, and can be answered.
      await expect(notice).toBeInViewport({ ratio: 0.9 });
      await notice.getByRole('button', { name: 'Keep theirs' }).click();
      await expect(notice).toHaveCount(0);
      await expect(findToast(page, 'Meanwhile')).toBeVisible();
    });
  }

  test('should wait while there is no place for them, and come when there is', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Crowded'), description: 'Before' });
    const page = await openAs('cedric', `/incidents/${incident.id}`, { viewport: { width: 360, height: 740 } });
    await page.getByRole('button', { name: 'Edit' }).click();
    const form = page.getByRole('dialog', { name: 'Edit incident' });
    await form.getByLabel('Description').fill(`Mine ${'and on and on '.repeat(120)}`);
    await percy.update(incident.id, { description: `Theirs ${'and on and on '.repeat(120)}` });
    const notice = form.getByTestId('collision-description');
    await notice.scrollIntoViewIfNeeded();
    await percy.report({ title: makeUniqueTitle('Held back'), severity: 'SERIOUS' });
    const spoken = page.locator('[aria-live="polite"]').filter({ hasText: 'Held back' });
    await expect(spoken).toHaveCount(1);
    await expect(page.locator('.mantine-Notification-root')).toHaveCount(0);
    await notice.getByRole('button', { name: 'Keep theirs' }).click();
    await expect(findToast(page, 'Held back')).toBeVisible();
  });

  test('should put who waits longest with nobody first, and say how many more are urgent', async ({ openAs, actAs }) => {
    const [ron, kingsley] = [await actAs('ron'), await actAs('kingsley')];
    const titles = Array.from({ length: 11 }, (_, at) => makeUniqueTitle(`Urgent ${at}`));
    const reported = [];
    for (const title of titles) reported.push(await ron.report({ title, severity: 'CRITICAL' }));
    await kingsley.update(reported[0]?.id ?? '', { assigneeId: kingsley.user.id });
    const page = await openAs('kingsley');
    const cards = page.getByRole('list', { name: 'Urgent incidents' }).getByRole('listitem');
    await expect(cards).toHaveCount(9);
    await expect(cards.filter({ hasText: titles[0] })).toHaveCount(0);
    const shown = await cards.allInnerTexts();
    const seen = titles.slice(1).filter((title) => shown.some((text) => text.includes(title)));
    expect(seen).toEqual(titles.slice(1, 1 + seen.length));
    await page.getByRole('link', { name: /more urgent$/ }).click();
    await expect(page).toHaveURL(/severity=CRITICAL/);
    for (const { id } of reported) await kingsley.resolve(id, 'Done');
  });
});

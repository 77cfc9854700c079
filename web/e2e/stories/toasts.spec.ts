import { castle } from '../harness/api';
import { expect, makeUniqueTitle, test } from '../harness/test';

test.describe('toasts', () => {
  test('should stand newest on top, and gather the changes of an incident', async ({ openAs, actAs }) => {
    const [percy, harry] = [await actAs('percy'), await actAs('harry')];
    const [first, second] = [await harry.report({ title: makeUniqueTitle('One') }), await harry.report({ title: makeUniqueTitle('Two') })];
    const page = await openAs('harry');
    const toasts = page.locator('.mantine-Notification-root');
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
      const toast = page.locator('.mantine-Notification-root').filter({ hasText: `place ${width}` });
      await expect(toast).toBeVisible();
      const [a, b] = [await composer.boundingBox(), await toast.boundingBox()];
      if (!a || !b) throw new Error('the composer or the toast has no place');
      const apart = b.y + b.height <= a.y || b.y >= a.y + a.height || b.x + b.width <= a.x || b.x >= a.x + a.width;
      expect(apart, JSON.stringify({ width, height, a, b })).toBe(true);
      expect(a.y + a.height).toBeLessThanOrEqual(height);
      // Right below the header, which is as high as there are alerts in it.
      const header = await page.getByRole('banner').boundingBox();
      if (width < 1280) expect(b.y - (header?.height ?? 0)).toBeLessThan(60);
    }
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

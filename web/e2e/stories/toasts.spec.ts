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

  test('should never stand over the composer', async ({ openAs, actAs }) => {
    const [percy, harry] = [await actAs('percy'), await actAs('harry')];
    const incident = await harry.report({ title: makeUniqueTitle('Composed') });
    for (const viewport of [{ width: 360, height: 740 }, { width: 800, height: 900 }, { width: 1440, height: 900 }]) {
      const page = await openAs('harry', `/incidents/${incident.id}`, { viewport });
      const composer = page.getByRole('textbox', { name: 'Write a comment' });
      await composer.scrollIntoViewIfNeeded();
      await percy.update(incident.id, { location: `place ${viewport.width}` });
      const toast = page.locator('.mantine-Notification-root').filter({ hasText: `place ${viewport.width}` });
      await expect(toast).toBeVisible();
      const [a, b] = [await composer.boundingBox(), await toast.boundingBox()];
      if (!a || !b) throw new Error('the composer or the toast has no place');
      const apart = b.y + b.height <= a.y || b.y >= a.y + a.height || b.x + b.width <= a.x || b.x >= a.x + a.width;
      expect(apart, JSON.stringify({ viewport, a, b })).toBe(true);
      if (viewport.width < 992) expect(b.y).toBeLessThan(viewport.height / 3);
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

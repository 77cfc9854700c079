import { expect, makeUniqueTitle, test } from '../harness/test';

test.describe('second thoughts', () => {
  test('should bring a comment back when its deletion is undone, and delete it otherwise', async ({ openAs, actAs }) => {
    const harry = await actAs('harry');
    const incident = await harry.report({ title: makeUniqueTitle('Said too much') });
    await harry.comment(incident.id, 'Think again');
    const page = await openAs('harry', `/incidents/${incident.id}`);
    let deletions = 0;
    page.on('request', (request) => (deletions += request.method() === 'DELETE' ? 1 : 0));
    const comment = page.getByTestId('comment');
    const remove = async () => {
      await comment.hover();
      await page.getByRole('button', { name: 'Delete comment by Harry Potter' }).click();
      await expect(comment).toHaveCount(0);
    };
    await remove();
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await expect(comment).toHaveCount(1);
    expect(deletions).toBe(0);
    const list = () => harry.send<{ comments: unknown[] }>('GET', `/api/incidents/${incident.id}/comments`);
    expect((await list()).comments).toHaveLength(1);
    await remove();
    await expect.poll(async () => (await list()).comments.length, { timeout: 15_000 }).toBe(0);
    expect(deletions).toBe(1);
    await expect(page.getByRole('button', { name: 'Undo' })).toHaveCount(0);
  });

  test('should send a dismissal when the page goes', async ({ openAs, actAs }) => {
    const incident = await (await actAs('harry')).report({ title: makeUniqueTitle('Mentioned') });
    const page = await openAs('hermione');
    await (await actAs('ron')).comment(incident.id, '@hermione.granger look');
    const hermione = await actAs('hermione');
    const count = async () => (await hermione.send<{ notifications: unknown[] }>('GET', '/api/notifications')).notifications.length;
    await expect.poll(count).toBeGreaterThan(0);
    const before = await count();
    await page.getByRole('button', { name: /Notifications/ }).click();
    await page.getByTestId('notification').first().getByRole('button', { name: 'Dismiss' }).click();
    await expect(page.getByTestId('notification')).toHaveCount(before - 1);
    expect(await count()).toBe(before);
    await page.reload();
    await expect.poll(count, { timeout: 4_000 }).toBe(before - 1);
  });
});

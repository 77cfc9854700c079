import { expect, makeUniqueTitle, test } from '../harness/test';

test.describe('US-REALTIME-003: live comments', () => {
  test('should append comments live for both sides, once each', { tag: '@database' }, async ({ openAs, actAs }) => {
    const incident = await (await actAs('harry')).report({ title: makeUniqueTitle('Ghost at dinner') });
    const path = `/incidents/${incident.id}`;
    const [harry, hermione] = [await openAs('harry', path), await openAs('hermione', path)];
    await harry.getByLabel('Write a comment').fill('It sat in my soup.');
    await harry.getByRole('button', { name: 'Comment', exact: true }).click();
    await hermione.getByLabel('Write a comment').fill('Which one?');
    await hermione.getByLabel('Write a comment').press('Control+Enter');
    for (const page of [harry, hermione]) {
      await expect(page.getByTestId('comment')).toHaveCount(2);
      await expect(page.getByTestId('comment').first()).toContainText('It sat in my soup.');
      await expect(page.getByTestId('comment').last()).toContainText('Which one?');
    }
    await harry.getByTestId('comment').first().hover();
    await harry.getByRole('button', { name: 'Delete comment by Harry Potter' }).click();
    await expect(hermione.getByTestId('comment')).toHaveCount(1);
  });

  test('should keep the reader where they are unless they are at the end', async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const incident = await ron.report({ title: makeUniqueTitle('Long talk') });
    for (let at = 0; at < 30; at += 1) await ron.comment(incident.id, `Line ${at}\nmore of it\nand more`);
    const page = await openAs('harry', `/incidents/${incident.id}`);
    const log = page.getByRole('log', { name: 'Comments' });
    const distance = () => log.evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight);
    await expect.poll(distance).toBeLessThan(5);
    await ron.comment(incident.id, 'Seen at the end');
    await expect(page.getByText('Seen at the end')).toBeVisible();
    await expect.poll(distance).toBeLessThan(5);

    await log.evaluate((node) => node.scrollTo(0, 0));
    await expect.poll(() => log.evaluate((node) => node.scrollTop)).toBe(0);
    await ron.comment(incident.id, 'Below the fold');
    await expect(page.getByRole('button', { name: 'New comments' })).toBeVisible();
    expect(await log.evaluate((node) => node.scrollTop)).toBe(0);
    await page.getByRole('button', { name: 'New comments' }).click();
    await expect.poll(distance).toBeLessThan(5);
  });

  test('should give a refused comment back to its writer', async ({ openAs, actAs }) => {
    const incident = await (await actAs('harry')).report({ title: makeUniqueTitle('Refused words') });
    const page = await openAs('harry', `/incidents/${incident.id}`);
    await page.route('**/comments', async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      await route.fulfill({ status: 503, json: { error: { code: 'UNAVAILABLE', message: 'The database is away' } } });
    });
    await page.getByLabel('Write a comment').fill('Keep my words');
    await page.getByRole('button', { name: 'Comment', exact: true }).click();
    await expect(page.getByRole('status').filter({ hasText: 'The database is away' })).toBeVisible();
    await expect(page.getByTestId('comment')).toHaveCount(0);
    await expect(page.getByLabel('Write a comment')).toHaveValue('Keep my words');
  });
});

import { expect, makeUniqueTitle, test } from '../harness/test';

test.describe('US-PRESENCE-002: who views the same incident', () => {
  test('should show viewers with names on hover, and not when they have gone', async ({ openAs, actAs }) => {
    const incident = await (await actAs('harry')).report({ title: makeUniqueTitle('Mirror') });
    const path = `/incidents/${incident.id}`;
    const harry = await openAs('harry', path);
    const viewers = harry.getByTestId('viewers');
    await expect(viewers).toContainText('1 user viewing this incident');
    const hermione = await openAs('hermione', path);
    const ron = await openAs('ron', path);
    await expect(viewers).toContainText('3 users viewing this incident');
    await expect(ron.getByTestId('viewers')).toContainText('3 users viewing this incident');
    await viewers.locator('[data-viewer-id]').nth(1).hover();
    await expect(harry.getByRole('tooltip')).toHaveText(/Hermione Granger|Ron Weasley/);

    await hermione.getByRole('link', { name: 'All incidents' }).first().click();
    await expect(viewers).toContainText('2 users viewing this incident');
    await ron.context().close();
    await expect(viewers).toContainText('1 user viewing this incident');
  });
});

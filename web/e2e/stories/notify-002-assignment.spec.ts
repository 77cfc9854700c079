import { expect, makeUniqueTitle, test } from '../harness/test';

test.describe('US-NOTIFY-002: assigned to me', () => {
  test('should tell an online assignee at once, with title and severity', async ({ openAs, actAs }) => {
    const incident = await (await actAs('harry')).report({ title: makeUniqueTitle('Grindylow'), severity: 'SERIOUS' });
    const cedric = await openAs('cedric');
    const percy = await openAs('percy', `/incidents/${incident.id}`);
    const assignee = percy.getByRole('region', { name: 'Properties' }).getByRole('textbox', { name: 'Assignee' })
      .or(percy.getByRole('region', { name: 'Properties' }).getByRole('combobox', { name: 'Assignee' }));
    await assignee.click();
    await assignee.fill('Cedric');
    await percy.getByRole('option', { name: /Cedric Diggory/ }).click();
    const toast = cedric.getByRole('status').filter({ hasText: 'Assignment' });
    await expect(toast).toContainText(incident.title);
    await expect(toast).toContainText(/serious/i);
    await expect(percy.getByRole('region', { name: 'Timeline' })).toContainText('assignee: nothing → Cedric Diggory');
  });

  test('should have it there after login when the assignee was offline', { tag: '@database' }, async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const kingsley = await actAs('kingsley');
    const incident = await percy.report({ title: makeUniqueTitle('Werewolf tracks'), assigneeId: kingsley.user.id });
    const page = await openAs('kingsley');
    await page.getByRole('button', { name: /Notifications, \d+ unread/ }).click();
    const item = page.getByTestId('notification').filter({ hasText: incident.title });
    await expect(item).toBeVisible();
    await item.getByRole('link').click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(incident.title);
  });
});

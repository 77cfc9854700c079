import { expect, makeUniqueTitle, test } from '../harness/test';

test.describe('US-NOTIFY-001: mentioned in a comment', () => {
  test('should complete a mention, notify its person, and link to the very comment', { tag: '@database' }, async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const incident = await ron.report({ title: makeUniqueTitle('Chess set') });
    for (let at = 0; at < 12; at += 1) await ron.comment(incident.id, `Move ${at}`);
    const harry = await openAs('harry');
    const hermione = await openAs('hermione', `/incidents/${incident.id}`);
    const field = hermione.getByLabel('Write a comment');
    await field.pressSequentially('Come and see @har');
    await expect(hermione.getByRole('option', { name: /Harry Potter/ })).toBeVisible();
    await field.press('Enter');
    await expect(field).toHaveValue('Come and see @harry.potter ');
    await field.pressSequentially('now');
    await field.press('Control+Enter');

    await expect(harry.getByRole('status').filter({ hasText: 'Mention' })).toContainText('Hermione Granger');
    await harry.getByRole('button', { name: /Notifications, \d+ unread/ }).click();
    const item = harry.getByTestId('notification').first();
    await expect(item).toContainText('Hermione Granger');
    await item.getByRole('link').click();
    await expect(harry).toHaveURL(new RegExp(`/incidents/${incident.id}#comment-`));
    const comment = harry.getByTestId('comment').filter({ hasText: 'Come and see @harry.potter now' });
    await expect(comment).toBeInViewport();
    await expect(comment).toHaveAttribute('data-target', 'true');
    await expect(comment).toBeFocused();
  });

  test('should mark a mention of somebody, and nobody else', async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const incident = await ron.report({ title: makeUniqueTitle('Howler') });
    const pasted = Array.from({ length: 60 }, (_, at) => `@Rule${at}`).join(' ');
    await ron.comment(incident.id, `@nobody, ask @Hermione.Granger's owl, or @ron.weasley. ${pasted}`);
    // Nobody whom the page has met: only the server knows of Hermione.
    const harry = await openAs('harry', '/incidents');
    const lookUps: string[] = [];
    harry.on('request', (request) => {
      const url = new URL(request.url());
      const wanted = url.pathname === '/api/users' && url.searchParams.get('q');
      // Others ask for people without a name: who can be given an incident.
      if (wanted) lookUps.push(wanted);
    });
    await harry.goto(`/incidents/${incident.id}`);
    const comment = harry.getByTestId('comment');
    await expect(comment.locator('[data-mention]')).toHaveText(['@Hermione.Granger', '@ron.weasley']);
    // Twenty of them, of which one wrote the comment; one after the other.
    await expect.poll(() => lookUps).toContain('rule15');
    expect(lookUps).toHaveLength(19);
    expect(lookUps).toContain('nobody');
    expect(lookUps).not.toContain('ron.weasley');
    await expect(comment).toContainText('@nobody, ask');
    await expect(comment.locator('[data-mention]')).toHaveCount(2);
  });

  test('should keep a notification until it is dismissed, in every tab', { tag: '@database' }, async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    const incident = await hermione.report({ title: makeUniqueTitle('Map') });
    const first = await openAs('ron');
    const second = await first.context().newPage();
    await second.goto('/incidents');
    await second.getByTestId('link-state').and(second.locator('[data-link="live"]')).waitFor();
    const text = `Look ${incident.title}`;
    await hermione.comment(incident.id, `@ron.weasley ${text}`);
    for (const page of [first, second]) {
      await expect(page.getByRole('button', { name: 'Notifications, 1 unread' })).toBeVisible();
    }
    await first.getByRole('button', { name: /^Notifications/ }).click();
    await first.getByTestId('notification').first().getByRole('button', { name: 'Mark as read' }).click();
    for (const page of [first, second]) {
      await expect(page.getByRole('button', { name: 'Notifications', exact: true })).toBeVisible();
    }
    await first.reload();
    await first.getByRole('button', { name: 'Notifications', exact: true }).click();
    await expect(first.getByTestId('notification')).toHaveCount(1);
    await second.getByRole('button', { name: 'Notifications', exact: true }).click();
    await first.getByTestId('notification').first().getByRole('button', { name: 'Dismiss' }).click();
    for (const page of [first, second]) await expect(page.getByTestId('notification')).toHaveCount(0);
  });
});

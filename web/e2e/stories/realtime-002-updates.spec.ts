import { expect, findRowByTitle, makeUniqueTitle, test } from '../harness/test';

test.describe('US-REALTIME-002: live incident updates', () => {
  test('should show changes on card and detail, and that they changed', { tag: '@database' }, async ({ openAs, actAs }) => {
    const reporter = await actAs('harry');
    const title = makeUniqueTitle('Boggart in the wardrobe');
    const incident = await reporter.report({ title, description: 'It rattles.', severity: 'MISCHIEF' });
    const list = await openAs('ron');
    const detail = await openAs('hermione', `/incidents/${incident.id}`);
    await expect(detail.getByRole('heading', { level: 1 })).toHaveText(title);

    const percy = await actAs('percy');
    await percy.update(incident.id, { severity: 'SERIOUS', status: 'IN_PROGRESS', assigneeId: percy.user.id });
    const row = findRowByTitle(list, title);
    await expect(row.locator('[data-severity="SERIOUS"]')).toHaveClass(/changed/);
    await expect(row).toContainText('In progress');
    await expect(row.getByRole('img', { name: 'Assigned to Percy Weasley' })).toBeVisible();
    const summary = detail.getByTestId('incident-summary');
    await expect(summary.locator('[data-severity="SERIOUS"]')).toHaveClass(/changed/);
    await expect(summary).toContainText('In progress');

    await percy.update(incident.id, { description: 'It has stopped rattling.' });
    await expect(detail.getByRole('region', { name: 'Description' })).toHaveText('It has stopped rattling.');
    await expect(detail.getByRole('status').filter({ hasText: 'Percy Weasley edited the description' })).toBeVisible();
    await expect(row).toContainText('It has stopped rattling.');
  });

  test('should change the look of a resolved incident', async ({ openAs, actAs }) => {
    const reporter = await actAs('harry');
    const title = makeUniqueTitle('Dungbomb');
    const incident = await reporter.report({ title });
    const list = await openAs('ron');
    const detail = await openAs('hermione', `/incidents/${incident.id}`);
    await expect(detail.getByRole('heading', { level: 1 })).toHaveText(title);
    await reporter.resolve(incident.id, 'Aired out.');
    await expect(findRowByTitle(list, title)).toHaveAttribute('data-status', 'RESOLVED');
    await expect(detail.getByTestId('resolution')).toContainText('Aired out.');
    await expect(detail.getByTestId('resolution')).toContainText('Harry Potter');
    await expect(detail.getByRole('status').filter({ hasText: `Harry Potter resolved ${title}` })).toBeVisible();
  });

  test('should tell the story of an incident', { tag: '@database' }, async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Lost toad') });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const activity = page.getByRole('region', { name: 'Timeline' });
    await expect(activity).toContainText('Percy Weasley reported this incident');
    await percy.update(incident.id, { severity: 'SERIOUS' });
    await expect(activity).toContainText('severity: Mischief → Serious');
    await page.reload();
    await expect(activity).toContainText('severity: Mischief → Serious');
  });

  test('should edit, resolve and take back what the server refuses', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Cursed necklace') });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    const form = page.getByRole('dialog', { name: 'Edit incident' });
    await form.getByLabel('Where').fill('Hogsmeade');
    await form.getByRole('button', { name: 'Save changes' }).click();
    await expect(page.getByRole('region', { name: 'Properties' })).toContainText('Hogsmeade');

    await page.route('**/api/incidents/*', async (route) => {
      if (route.request().method() !== 'PATCH') return route.fallback();
      await route.fulfill({ status: 403, json: { error: { code: 'FORBIDDEN', message: 'Not tonight' } } });
    });
    await page.getByRole('textbox', { name: 'Severity' }).or(page.getByRole('combobox', { name: 'Severity' })).click();
    await page.getByRole('option', { name: 'Critical' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Not tonight' })).toBeVisible();
    await expect(page.getByTestId('incident-summary')).toContainText('Mischief');
    await page.unroute('**/api/incidents/*');

    await page.getByRole('button', { name: 'Resolve' }).click();
    const resolve = page.getByRole('dialog', { name: 'Resolve incident' });
    await resolve.getByLabel('Resolution').fill('Locked away.');
    await resolve.getByRole('button', { name: 'Resolve incident' }).click();
    await expect(page.getByTestId('resolution')).toContainText('Locked away.');
  });
});

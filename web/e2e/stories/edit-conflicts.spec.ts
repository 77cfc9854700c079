import { expect, makeUniqueTitle, test } from '../harness/test';

test.describe('two people change one incident', () => {
  test('should send only what was changed, and never set back what another wrote', { tag: '@database' }, async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Trol in the dungeon'), severity: 'MISCHIEF' });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    const form = page.getByRole('dialog', { name: 'Edit incident' });
    await form.getByLabel('What happened').fill('Troll in the dungeon');
    await percy.update(incident.id, { severity: 'CRITICAL', location: 'Dungeons' });
    // What was not touched follows; nobody is asked about it.
    await expect(form.getByLabel('Where')).toHaveValue('Dungeons');
    await expect(form.getByRole('radio', { name: 'Critical' })).toBeChecked();
    await expect(form.getByRole('alert')).toHaveCount(0);
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await form.getByRole('button', { name: 'Save changes' }).click();
    expect(Object.keys((await sent).postDataJSON() as object).sort()).toEqual(['title', 'version']);
    await expect(form).toBeHidden();
    const after = await percy.send<{ title: string; severity: string }>('GET', `/api/incidents/${incident.id}`);
    expect(after).toMatchObject({ title: 'Troll in the dungeon', severity: 'CRITICAL', location: 'Dungeons' });
  });

  test('should show who changed the same field, when and to what, and let the person choose for each', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Singing armour'), description: 'It sings.', location: 'Hall' });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    const form = page.getByRole('dialog', { name: 'Edit incident' });
    await form.getByLabel('Description').fill('My words');
    await form.getByLabel('Where').fill('My place');
    await percy.update(incident.id, { description: 'Their words', location: 'Their place' });
    const description = form.getByTestId('collision-description');
    await expect(description).toContainText(/Percy Weasley changed the description at \d\d:\d\d/);
    await expect(description).toContainText('Their words');
    await expect(description).toContainText('My words');
    await expect(form.getByRole('button', { name: 'Save changes' })).toBeDisabled();
    await description.getByRole('button', { name: 'Keep theirs' }).click();
    await expect(form.getByLabel('Description')).toHaveValue('Their words');
    await form.getByTestId('collision-location').getByRole('button', { name: 'Use mine' }).click();
    await form.getByRole('button', { name: 'Save changes' }).click();
    await expect(form).toBeHidden();
    const after = await percy.send('GET', `/api/incidents/${incident.id}`);
    expect(after).toMatchObject({ description: 'Their words', location: 'My place' });
  });

  test('should send the version from the properties, and ask only when the same field collided', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Cursed cup') });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const properties = page.getByRole('region', { name: 'Properties' });
    // The other's change reaches the server first, while this page's request is under way.
    let theirs: object = { location: 'Vault' };
    const bodies: { version?: number }[] = [];
    await page.route('**/api/incidents/*', async (route) => {
      if (route.request().method() !== 'PATCH') return route.fallback();
      bodies.push(route.request().postDataJSON() as { version?: number });
      if (bodies.length === 1 || bodies.length === 3) await percy.update(incident.id, theirs);
      await route.fallback();
    });
    const choose = async (name: string) => {
      await properties.getByRole('combobox', { name: 'Severity' }).or(properties.getByRole('textbox', { name: 'Severity' })).click();
      await page.getByRole('option', { name }).click();
    };
    await choose('Serious');
    await expect.poll(() => bodies.length).toBe(2);
    await expect.poll(async () => await percy.send('GET', `/api/incidents/${incident.id}`)).toMatchObject({ severity: 'SERIOUS', location: 'Vault' });
    expect(bodies.every((body) => typeof body.version === 'number')).toBe(true);
    await expect(properties.getByRole('alert')).toHaveCount(0);

    await expect(page.getByTestId('incident-summary')).toContainText('Serious');
    theirs = { severity: 'CRITICAL' };
    await choose('Mischief');
    const notice = properties.getByTestId('collision-severity');
    await expect(notice).toContainText('Percy Weasley changed the severity');
    await expect(page.getByTestId('incident-summary')).toContainText('Critical');
    await notice.getByRole('button', { name: 'Use mine' }).click();
    await expect(page.getByTestId('incident-summary')).toContainText('Mischief');
    await expect.poll(async () => await percy.send('GET', `/api/incidents/${incident.id}`)).toMatchObject({ severity: 'MISCHIEF' });
  });

  test('should leave what arrived meanwhile when a change is refused', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Refused later') });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const properties = page.getByRole('region', { name: 'Properties' });
    await expect(properties).toBeVisible();
    // The fresh copy cannot be had, so that only the page's own care keeps what arrived.
    await page.route(`**/api/incidents/${incident.id}`, async (route) => {
      if (route.request().method() === 'GET') return route.abort();
      await percy.update(incident.id, { severity: 'CRITICAL', location: 'Owlery' });
      await expect(properties).toContainText('Owlery');
      await route.fulfill({ status: 403, json: { error: { code: 'FORBIDDEN', message: 'Not tonight' } } });
    });
    await properties.getByRole('combobox', { name: 'Severity' }).or(properties.getByRole('textbox', { name: 'Severity' })).click();
    await page.getByRole('option', { name: 'Serious' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Not tonight' })).toBeVisible();
    await expect(page.getByTestId('incident-summary')).toContainText('Critical');
    await expect(properties).toContainText('Owlery');
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
});

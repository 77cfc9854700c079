import { expect, findRowByTitle, makeUniqueTitle, test } from '../harness/test';

test.describe('the keyboard', () => {
  test('should do by one key what the buttons do', async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const mark = `keys${Date.now().toString(36)}`;
    for (const at of [1, 2, 3]) await ron.report({ title: `${mark} ${at}` });
    const page = await openAs('percy', `/incidents?q=${mark}`);
    await expect(findRowByTitle(page, `${mark} 1`)).toBeVisible();
    for (const [key, title] of [['j', 3], ['j', 2], ['j', 1], ['j', 1], ['k', 2]] as const) {
      await page.keyboard.press(key);
      await expect(page.locator(':focus')).toHaveText(`${mark} ${title}`);
    }
    await page.keyboard.press('t');
    await expect(findRowByTitle(page, `${mark} 2`).getByRole('button', { name: /^Take it/ })).toHaveCount(0);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: `${mark} 2` })).toBeFocused();
    const edit = page.getByRole('dialog', { name: 'Edit incident' });
    await page.keyboard.press('e');
    await expect(edit).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(edit).toBeHidden();
    await page.keyboard.press('c');
    const report = page.getByRole('dialog', { name: 'Report an incident' });
    await expect(report).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(report).toBeHidden();
    await page.goto('/incidents');
    await expect(page.getByRole('searchbox', { name: 'Search incidents' })).toBeVisible();
    await page.keyboard.press('/');
    await expect(page.getByRole('searchbox', { name: 'Search incidents' })).toBeFocused();
    await page.getByRole('heading', { level: 1 }).focus();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  });

  test('should leave its keys to fields and dialogs, and to whoever turns them off', async ({ openAs, actAs }) => {
    const incident = await (await actAs('ron')).report({ title: makeUniqueTitle('Typed') });
    const page = await openAs('percy', `/incidents/${incident.id}`);
    const dialogs = page.getByRole('dialog');
    await page.getByLabel('Write a comment').focus();
    await page.keyboard.type('c/?etjk');
    await expect(page.getByLabel('Write a comment')).toHaveValue('c/?etjk');
    await expect(dialogs).toHaveCount(0);
    await page.getByRole('button', { name: /^Notifications/ }).click();
    await expect(dialogs).toHaveCount(1);
    await page.keyboard.press('c');
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Escape');
    await expect(dialogs).toHaveCount(0);
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await help.getByRole('switch', { name: 'Shortcuts of a single key' }).uncheck({ force: true });
    await page.keyboard.press('Escape');
    await expect(dialogs).toHaveCount(0);
    await page.reload();
    await expect(page.getByLabel('Write a comment')).toBeVisible();
    await page.getByRole('heading', { level: 1 }).focus();
    for (const key of ['c', '?', 'e', 't']) await page.keyboard.press(key);
    // Those with another key stay, and come when the others would have come.
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog', { name: 'Do or find' })).toBeVisible();
    await expect(dialogs).toHaveCount(1);
    expect((await (await actAs('ron')).send<{ acknowledgedAt: string | null }>('GET', `/api/incidents/${incident.id}`)).acknowledgedAt).toBeNull();
  });

  test('should open the command menu that was asked for before its code was there', async ({ openAs }) => {
    const page = await openAs('percy', '/incidents');
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(/\/assets\/Commands-[^/]*\.js$/, async (route) => {
      await released;
      await route.continue();
    });
    await page.reload();
    await expect(page.getByRole('searchbox', { name: 'Search incidents' })).toBeVisible();
    await page.keyboard.press('Control+k');
    const menu = page.getByRole('dialog', { name: 'Do or find' });
    await expect(menu).toBeHidden();
    release();
    await expect(menu).toBeVisible();
  });

  test('should do and find everything by name from the command menu', async ({ openAs, actAs }) => {
    const incident = await (await actAs('ron')).report({ title: makeUniqueTitle('Hidden boggart') });
    const page = await openAs('percy', '/incidents');
    // The keys come with the rest of the page, a moment after its link.
    await expect(page.getByRole('list', { name: 'Incidents', exact: true }).getByRole('article').first()).toBeVisible();
    const menu = page.getByRole('dialog', { name: 'Do or find' });
    const field = menu.getByLabel('Find a command or an incident');
    const open = async (text: string) => {
      await page.keyboard.press('Control+k');
      await expect(field).toBeFocused();
      await page.keyboard.type(text);
    };
    await open('resolved');
    const resolved = menu.getByRole('option', { name: 'Resolved' });
    await expect(resolved).toHaveAttribute('data-combobox-selected', 'true');
    await page.keyboard.press('ArrowUp');
    await expect(field).toHaveAttribute('aria-activedescendant', (await resolved.getAttribute('id')) ?? 'none');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/status=RESOLVED/);
    await expect(menu).toBeHidden();
    await open(`OWL-${incident.id.slice(-5).toUpperCase()}`);
    await expect(menu.getByRole('option', { name: incident.title })).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: incident.title })).toBeVisible();
    await expect(menu).toBeHidden();
    await open('edit');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog', { name: 'Edit incident' }).getByLabel('What happened')).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await open('report');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog', { name: 'Report an incident' }).getByLabel('What happened')).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await open('nothing is called like this');
    await expect(menu.getByText('Nothing of that name')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(menu).toBeHidden();
  });
});

import type { Role } from '@owlpost/client';
import type { Locator, Page } from '@playwright/test';
import type { ApiActor } from '../harness/api';
import { expect, findRowByTitle, makeUniqueTitle, test } from '../harness/test';

function changeRoleOf(who: ApiActor, by: ApiActor, role: Role): Promise<unknown> {
  return by.send('PATCH', `/api/users/${who.user.id}`, { role });
}

const pagesOfAurors = ['People', 'Outlets'] as const;

/** What only a Prefect or an Auror may do with an incident of somebody else. */
function listPowersOnPage(page: Page): Locator[] {
  const main = page.getByRole('main');
  return [
    main.getByRole('button', { name: 'Edit' }),
    main.getByRole('button', { name: 'Resolve' }),
    main.getByRole('button', { name: /^Take it/ }),
    main.getByRole('region', { name: 'Properties' }).getByRole('combobox', { name: 'Assignee' }),
    main.getByRole('button', { name: 'Delete comment by Ron Weasley' }),
  ];
}

test.describe('a role that changes while its person has the page open', () => {
  // Harry alone, who is a Student again behind each test.
  test.afterEach(async ({ actAs }) => changeRoleOf(await actAs('harry'), await actAs('tonks'), 'STUDENT').then(() => undefined));

  test('should give and take what they may do, without a reload', async ({ openAs, actAs }) => {
    const [ron, tonks, harry] = [await actAs('ron'), await actAs('tonks'), await actAs('harry')];
    const incident = await ron.report({ title: makeUniqueTitle('Bogus Galleons') });
    await ron.comment(incident.id, 'They are made of chocolate');
    const page = await openAs('harry', `/incidents/${incident.id}`);
    await expect(page.getByTestId('comment')).toBeVisible();
    let loads = 0;
    page.on('load', () => (loads += 1));
    const status = page.getByRole('region', { name: 'Properties' }).getByRole('combobox', { name: 'Status' });
    for (const power of listPowersOnPage(page)) await expect(power).toHaveCount(0);
    await expect(status).toBeDisabled();

    for (const role of ['PREFECT', 'AUROR'] as const) {
      await changeRoleOf(harry, tonks, role);
      for (const power of listPowersOnPage(page)) await expect(power).toHaveCount(1);
      await expect(status).toBeEnabled();
      const name = role === 'PREFECT' ? 'Prefect' : 'Auror';
      await expect(page.locator('.mantine-Notification-root').filter({ hasText: 'Your role' })).toContainText(`${name} now`);
      await page.getByRole('button', { name: /^Account and settings/ }).click();
      await expect(page.getByRole('menu')).toContainText(`${name} ·`);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit incident' });
    await dialog.getByLabel('What happened').fill('Words that are not lost');
    await changeRoleOf(harry, tonks, 'STUDENT');
    await expect(dialog).toHaveCount(0);
    for (const power of listPowersOnPage(page)) await expect(power).toHaveCount(0);
    await expect(status).toBeDisabled();
    await changeRoleOf(harry, tonks, 'PREFECT');
    await page.getByRole('button', { name: 'Edit' }).click();
    await expect(dialog.getByLabel('What happened')).toHaveValue('Words that are not lost');
    expect(loads).toBe(0);
  });

  test('should give and take the buttons of the list', async ({ openAs, actAs }) => {
    const [ron, tonks, harry] = [await actAs('ron'), await actAs('tonks'), await actAs('harry')];
    const incident = await ron.report({ title: makeUniqueTitle('Ghost in the pipes'), severity: 'SERIOUS' });
    const page = await openAs('harry');
    const take = findRowByTitle(page, incident.title).getByRole('button', { name: /^Take it/ });
    await expect(findRowByTitle(page, incident.title)).toBeVisible();
    await expect(take).toHaveCount(0);
    await changeRoleOf(harry, tonks, 'PREFECT');
    await expect(take).toBeVisible();
    await changeRoleOf(harry, tonks, 'STUDENT');
    await expect(take).toHaveCount(0);
    // What is offered is granted, at once.
    await changeRoleOf(harry, tonks, 'AUROR');
    await take.click();
    await expect(findRowByTitle(page, incident.title).getByRole('img', { name: 'Assigned to Harry Potter' })).toBeVisible();
  });

  test('should open and close the pages of Aurors, and their entries, while they are looked at', async ({ openAs, actAs }) => {
    const [tonks, harry] = [await actAs('tonks'), await actAs('harry')];
    const page = await openAs('harry', '/people');
    let loads = 0;
    page.on('load', () => (loads += 1));
    const menu = page.getByRole('menu');
    const refusal = page.getByRole('heading', { name: 'This page is for Aurors' });
    await expect(refusal).toBeVisible();
    await page.getByRole('button', { name: /^Account and settings/ }).click();
    await expect(menu).toBeVisible();
    const entries = pagesOfAurors.map((name) => menu.getByRole('menuitem', { name }));
    for (const [role, count] of [['PREFECT', 0], ['AUROR', 1], ['STUDENT', 0], ['AUROR', 1]] as const) {
      await changeRoleOf(harry, tonks, role);
      // The menu stays open, and is true.
      await expect(menu).toContainText(new RegExp(`${role} ·`, 'i'));
      for (const entry of entries) await expect(entry).toHaveCount(count);
      await expect(refusal).toHaveCount(1 - count);
      await expect(page.getByRole('heading', { level: 1, name: 'People' })).toHaveCount(count);
    }
    await page.keyboard.press('Escape');
    await expect(menu).toHaveCount(0);
    await page.keyboard.press('Control+k');
    const commands = page.getByRole('dialog', { name: 'Do or find' });
    for (const name of pagesOfAurors) await expect(commands.getByRole('option', { name })).toHaveCount(1);
    await changeRoleOf(harry, tonks, 'STUDENT');
    for (const name of pagesOfAurors) await expect(commands.getByRole('option', { name })).toHaveCount(0);
    await page.keyboard.press('Escape');
    await expect(refusal).toBeVisible();
    expect(loads).toBe(0);
  });

  test('should be seen by everybody else', async ({ openAs, actAs }) => {
    const [tonks, harry] = [await actAs('tonks'), await actAs('harry')];
    const incident = await harry.report({ title: makeUniqueTitle('Maze') });
    await harry.comment(incident.id, 'It moves');
    const watcher = await openAs('percy', `/incidents/${incident.id}`);
    await openAs('harry');
    const [comment, properties] = [watcher.getByTestId('comment'), watcher.getByRole('region', { name: 'Properties' })];
    await expect(comment).toContainText('Student');
    await watcher.getByTestId('online-counts').filter({ visible: true }).click();
    const people = watcher.getByRole('dialog');
    await expect(people.getByRole('region', { name: 'Students online' })).toContainText('Harry Potter');
    await changeRoleOf(harry, tonks, 'AUROR');
    await expect(people.getByRole('region', { name: 'Aurors online' })).toContainText('Harry Potter');
    await expect(comment).toContainText('Auror');
    await expect(properties).toContainText('Auror');
    await changeRoleOf(harry, tonks, 'STUDENT');
    await expect(people.getByRole('region', { name: 'Students online' })).toContainText('Harry Potter');
    await expect(comment).toContainText('Student');
  });
});

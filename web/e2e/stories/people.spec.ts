import type { User } from '@owlpost/client';
import type { Page } from '@playwright/test';
import { ApiActor, NEW_PASSWORD, registerNewcomer } from '../harness/api';
import { TestServer } from '../harness/server';
import { describeSessionForStorage, expect, openDashboardWithSession, test, waitForLiveLink } from '../harness/test';

async function findPersonByHandle(page: Page, handle: string) {
  await page.getByLabel('Search people').fill(handle);
  const row = page.getByRole('list', { name: 'People' }).getByTestId('person').filter({ hasText: `@${handle} ·` });
  await expect(row).toHaveCount(1);
  return row;
}

test('should be for Aurors, and follow a role that is taken away', async ({ openAs, server }) => {
  for (const person of ['harry', 'percy'] as const) {
    const page = await openAs(person, '/people');
    await expect(page.getByRole('heading', { name: 'This page is for Aurors' })).toBeVisible();
    await page.getByRole('button', { name: /Account and settings/ }).click();
    await expect(page.getByRole('menuitem', { name: 'Your account' })).toBeVisible();
    await expect(page.getByRole('menuitem', { name: 'People' })).toHaveCount(0);
  }
  const kingsley = await ApiActor.signIn(server, 'kingsley');
  const newcomer = await registerNewcomer(server, 'Dawlish');
  await kingsley.send('PATCH', `/api/users/${newcomer.user.id}`, { role: 'AUROR' });
  const login = { ...newcomer, user: { ...newcomer.user, role: 'AUROR' as const } };
  const context = await openAs('tonks');
  const page = await context.context().browser()!.newPage({ baseURL: server.url });
  await page.addInitScript((session) => localStorage.setItem('owlpost.session', session), describeSessionForStorage(login));
  await page.goto('/incidents');
  await waitForLiveLink(page);
  await page.getByRole('button', { name: /Account and settings/ }).click();
  await page.getByRole('menuitem', { name: 'People' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'People' })).toBeFocused();
  await kingsley.send('PATCH', `/api/users/${newcomer.user.id}`, { role: 'STUDENT' });
  await expect(page.getByRole('heading', { name: 'This page is for Aurors' })).toBeVisible();
  await page.close();
});

test('should find people, page by page, and give them roles', async ({ openAs, server, browser }) => {
  const newcomer = await registerNewcomer(server, 'Neville Longbottom');
  for (let at = 0; at < 32; at += 1) await registerNewcomer(server, `Portrait ${at}`);
  const page = await openAs('tonks', '/people');
  const rows = page.getByRole('list', { name: 'People' }).getByTestId('person');
  await expect(rows).toHaveCount(30);
  await page.getByRole('button', { name: 'More people' }).click();
  await expect.poll(() => rows.count()).toBeGreaterThan(32);
  await page.getByLabel('Search people').fill('portrait 3');
  await expect(rows.first()).toContainText('Portrait 3');
  await page.getByLabel('Search people').fill('nobody of this name');
  await expect(page.getByText('Nobody of that name.')).toBeVisible();

  const theirs = await openDashboardWithSession(browser, server.url, describeSessionForStorage(newcomer), '/incidents');
  await waitForLiveLink(theirs);
  const row = await findPersonByHandle(page, newcomer.user.handle);
  await row.getByLabel('Role of Neville Longbottom').click();
  await page.getByRole('option', { name: 'Prefect' }).click();
  await expect(row.getByLabel('Role of Neville Longbottom')).toHaveValue('Prefect');
  await theirs.getByRole('button', { name: /Account and settings/ }).click();
  await expect(theirs.getByText(/^Prefect · newcomer/)).toBeVisible();
  await theirs.context().close();
});

test('should deactivate somebody, and let them in again', { tag: '@database' }, async ({ openAs, server, browser }) => {
  const newcomer = await registerNewcomer(server, 'Mundungus Fletcher');
  const theirs = await openDashboardWithSession(browser, server.url, describeSessionForStorage(newcomer), '/incidents');
  await waitForLiveLink(theirs);
  const page = await openAs('tonks', '/people');
  const row = await findPersonByHandle(page, newcomer.user.handle);
  await row.getByRole('button', { name: /^What to do/ }).click();
  await page.getByRole('menuitem', { name: 'Deactivate' }).click();
  await page.getByRole('dialog', { name: 'Deactivate Mundungus Fletcher' }).getByRole('button', { name: 'Deactivate' }).click();
  await expect(theirs).toHaveURL(/\/login$/);
  await expect(row).toHaveCount(0);
  await page.getByText('Deactivated', { exact: true }).click();
  await expect(row).toHaveCount(1);
  await row.getByRole('button', { name: 'Let in again' }).click();
  await expect(row).toHaveCount(0);
  await theirs.getByLabel('Email').fill(newcomer.user.email);
  await theirs.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD);
  await theirs.getByRole('button', { name: 'Sign in' }).click();
  await waitForLiveLink(theirs);
  await theirs.context().close();
});

test('should delete somebody whose handle was typed, and keep what they wrote as that of a deleted user', async ({ openAs, actAs, server }) => {
  const newcomer = await registerNewcomer(server, 'Gilderoy Lockhart');
  const incident = await new ApiActor(server, newcomer).report({ title: `Obliviated ${newcomer.user.handle}` });
  const page = await openAs('tonks', '/people');
  const row = await findPersonByHandle(page, newcomer.user.handle);
  await row.getByRole('button', { name: /^What to do/ }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete Gilderoy Lockhart' });
  const button = dialog.getByRole('button', { name: 'Delete for good' });
  await expect(button).toBeDisabled();
  await dialog.getByRole('textbox').fill('gilderoy');
  await expect(button).toBeDisabled();
  await dialog.getByRole('textbox').fill(newcomer.user.handle);
  await button.click();
  await expect(row).toHaveCount(0);
  const left = await (await actAs('tonks')).send<{ reportedBy: User }>('GET', `/api/incidents/${incident.id}`);
  expect(left.reportedBy.name).toBe('Deleted user');
});

test('should hand out a link to set a new password, once', async ({ openAs, server, browser }) => {
  const newcomer = await registerNewcomer(server, 'Sybill Trelawney');
  const page = await openAs('tonks', '/people');
  const row = await findPersonByHandle(page, newcomer.user.handle);
  await row.getByRole('button', { name: /^What to do/ }).click();
  await page.getByRole('menuitem', { name: 'Link to set a new password' }).click();
  const link = await row.getByTestId('secret').locator('code').innerText();
  expect(link).toMatch(new RegExp(`^${server.url}/reset-password#`));
  await expect(row.getByTestId('secret')).toContainText('It is not shown again.');
  const other = await browser.newPage();
  await other.goto(link);
  await other.getByLabel('New password').fill('the inner eye sees all of it');
  await other.getByRole('button', { name: 'Set password' }).click();
  await expect(other.getByText('Your password is set.')).toBeVisible();
  await other.close();
  await row.getByRole('button', { name: 'I have it' }).click();
  await expect(row.getByTestId('secret')).toHaveCount(0);
});

test('should invite somebody, and withdraw an invitation', async ({ openAs, browser }) => {
  const page = await openAs('tonks', '/people');
  const section = page.getByRole('region', { name: 'Invitations' });
  const email = `fleur${Date.now().toString(36)}@beauxbatons.fr`;
  const form = section.getByRole('form', { name: 'New invitation' });
  await form.getByLabel('Email').fill('no address');
  await form.getByRole('button', { name: 'Invite' }).click();
  await expect(form.getByLabel('Email')).toHaveAttribute('aria-invalid', 'true');
  await form.getByLabel('Email').fill(email);
  await form.getByLabel('They become').click();
  await page.getByRole('option', { name: 'Prefect' }).click();
  await form.getByRole('button', { name: 'Invite' }).click();
  const link = await section.getByTestId('secret').locator('code').innerText();
  const row = section.getByRole('listitem').filter({ hasText: email });
  await expect(row).toContainText('Prefect');
  await row.getByRole('button', { name: /^Withdraw/ }).click();
  await expect(row).toHaveCount(0);
  const other = await browser.newPage();
  await other.goto(link);
  await expect(other.getByText('You are invited.')).toBeVisible();
  await other.close();
});

test('should say in plain words that the last Auror stays one', async ({ browser }) => {
  const server = await TestServer.start();
  try {
    const tonks = await ApiActor.signIn(server, 'tonks');
    const { users } = await tonks.send<{ users: User[] }>('GET', '/api/users?limit=100');
    for (const user of users) {
      if (user.role === 'AUROR' && user.id !== tonks.user.id) await tonks.send('PATCH', `/api/users/${user.id}`, { role: 'PREFECT' });
    }
    const page = await openDashboardWithSession(browser, server.url, describeSessionForStorage(tonks.login), '/people');
    const row = await findPersonByHandle(page, tonks.user.handle);
    await expect(row.getByText('You', { exact: true })).toBeVisible();
    await row.getByLabel(/^Role of/).click();
    await page.getByRole('option', { name: 'Student' }).click();
    const dialog = page.getByRole('dialog', { name: 'Become a Student' });
    await dialog.getByRole('button', { name: 'Step down' }).click();
    await expect(dialog.getByRole('alert')).toHaveText('The last Auror stays one: make somebody else an Auror first');
    await page.keyboard.press('Escape');
    await expect(row.getByLabel(/^Role of/)).toHaveValue('Auror');
    await page.context().close();
  } finally {
    await server.stop();
  }
});

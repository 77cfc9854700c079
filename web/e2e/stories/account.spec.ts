import type { Browser, Page } from '@playwright/test';
import { ApiActor, NEW_PASSWORD, registerNewcomer } from '../harness/api';
import type { TestServer } from '../harness/server';
import { expect, makeUniqueTitle, test, waitForLiveLink } from '../harness/test';

const NEW = 'gillywater, no ice today';

async function signInAtPage(browser: Browser, server: TestServer, email: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await page.goto('/login');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await waitForLiveLink(page);
  return page;
}

async function openAccountByMenu(page: Page): Promise<void> {
  await page.getByRole('button', { name: /Account and settings/ }).click();
  await page.getByRole('menuitem', { name: 'Your account' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Your account' })).toBeFocused();
}

test('should show who one is, and say what cannot be changed', async ({ openAs }) => {
  const page = await openAs('percy');
  await openAccountByMenu(page);
  const profile = page.getByRole('region', { name: 'Profile' });
  for (const fact of ['Percy Weasley', 'percy.weasley@hogwarts.edu', '@percy.weasley', 'Prefect']) {
    await expect(profile.getByRole('definition').filter({ hasText: new RegExp(`^${fact}$`) })).toBeVisible();
  }
  await expect(profile).toContainText('and stay. Your role is given by Aurors.');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Your account' })).toBeVisible();
});

test('should change the password and end every other sign-in', async ({ browser, server }) => {
  const { email } = (await registerNewcomer(server)).user;
  const page = await signInAtPage(browser, server, email);
  const other = await signInAtPage(browser, server, email);
  await openAccountByMenu(page);
  const list = page.getByRole('region', { name: 'Where you are signed in' });
  await expect(list.getByRole('listitem').filter({ hasText: 'Chrome on' })).toHaveCount(2);
  const form = page.getByRole('form', { name: 'Change password' });
  await expect(page.getByRole('region', { name: 'Password' })).toContainText('every other sign-in ends at once');
  await form.getByLabel('Current password').fill('not this one');
  await form.getByLabel('New password').fill(NEW);
  await form.getByRole('button', { name: 'Change password' }).click();
  await expect(form.getByRole('alert')).toHaveText(/current password is wrong/);
  await form.getByLabel('Current password').fill(NEW_PASSWORD);
  await form.getByLabel('New password').fill('password');
  await form.getByRole('button', { name: 'Change password' }).click();
  await expect(form.getByText(/easily guessed:/)).toBeVisible();
  await form.getByLabel('New password').fill(NEW);
  await form.getByRole('button', { name: 'Change password' }).click();
  await expect(form.getByRole('status')).toHaveText('Your password is changed. Every other sign-in has ended.');
  await expect(other).toHaveURL(/\/login$/);
  await expect(list.getByRole('listitem').filter({ hasText: 'Chrome on' })).toHaveCount(1);
  await expect(list.getByText('This one')).toBeVisible();
  await waitForLiveLink(page);
  for (const each of [page, other]) await each.context().close();
});

test('should end another sign-in, and this one', async ({ browser, server }) => {
  const { email } = (await registerNewcomer(server)).user;
  const page = await signInAtPage(browser, server, email);
  const other = await signInAtPage(browser, server, email);
  await page.goto('/account');
  const list = page.getByRole('region', { name: 'Where you are signed in' });
  await list.getByRole('button', { name: /^Sign out Chrome on/ }).first().click();
  await expect(other).toHaveURL(/\/login$/);
  await page.goto('/account');
  await list.getByRole('button', { name: 'Sign out here' }).click();
  await expect(page).toHaveURL(/\/login$/);
  for (const each of [page, other]) await each.context().close();
});

test('should make a token for a tool, show it once, and revoke it', async ({ browser, server }) => {
  const { email } = (await registerNewcomer(server)).user;
  const page = await signInAtPage(browser, server, email);
  await page.goto('/account');
  const section = page.getByRole('region', { name: 'API tokens' });
  await expect(section.getByText('There are none.')).toBeVisible();
  await expect(section.getByText('Everybody’s')).toHaveCount(0);
  await section.getByRole('button', { name: 'New token' }).click();
  await section.getByRole('button', { name: 'Make token' }).click();
  await expect(section.getByText('What it is good for: one at least')).toBeVisible();
  await section.getByLabel('Name').fill('Gringotts alarm');
  await section.getByLabel('Report incidents').check();
  await section.getByRole('button', { name: 'Make token' }).click();
  const secret = await section.getByTestId('secret').locator('code').innerText();
  expect(secret).toMatch(/^owl_/);
  await section.getByRole('button', { name: 'Copy token' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);

  const use = (path: string, init: RequestInit = {}) =>
    fetch(server.url + path, { ...init, headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' } });
  const report = () => use('/api/incidents', { method: 'POST', body: JSON.stringify({ title: makeUniqueTitle('Vault open') }) });
  expect((await report()).status).toBe(201);
  expect((await use('/api/incidents')).status, 'the scope is what was ticked').toBe(403);
  const row = section.getByRole('list', { name: 'API tokens' }).getByRole('listitem');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText(/expires .+ 20\d\d/);
  await page.reload();
  await expect(row).toContainText('Gringotts alarm');
  await expect(section.getByTestId('secret')).toHaveCount(0);
  await expect(row).toContainText('last used');
  await row.getByRole('button', { name: 'Revoke Gringotts alarm' }).click();
  await row.getByRole('button', { name: 'Revoke for good' }).click();
  await expect(section.getByText('There are none.')).toBeVisible();
  expect((await report()).status).toBe(401);
  await page.context().close();
});

test('should let Aurors see and revoke the tokens of others', async ({ openAs, server }) => {
  const harry = await ApiActor.signIn(server, 'harry');
  const name = makeUniqueTitle('Marauder’s map');
  const { token } = await harry.send<{ token: string }>('POST', '/api/tokens', { name, scopes: ['read'] });
  const page = await openAs('tonks', '/account');
  const section = page.getByRole('region', { name: 'API tokens' });
  await section.getByText('Everybody’s').click();
  const row = section.getByRole('listitem').filter({ hasText: name });
  await expect(row).toContainText('Harry Potter');
  await row.getByRole('button', { name: `Revoke ${name}` }).click();
  await row.getByRole('button', { name: 'Revoke for good' }).click();
  await expect(row).toHaveCount(0);
  const answer = await fetch(`${server.url}/api/incidents`, { headers: { Authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(401);
});

test('should keep the settings of this browser', async ({ openAs }) => {
  const page = await openAs('harry', '/account', { colorScheme: 'light' });
  const settings = page.getByRole('region', { name: 'Settings' });
  await settings.getByRole('radio', { name: 'Dark' }).check();
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await settings.getByRole('checkbox', { name: 'Repeat alerts until seen' }).uncheck();
  await page.reload();
  await expect(settings.getByRole('radio', { name: 'Dark' })).toBeChecked();
  await expect(settings.getByRole('checkbox', { name: 'Repeat alerts until seen' })).not.toBeChecked();
  await page.getByRole('button', { name: /Account and settings/ }).click();
  await expect(page.getByRole('menuitemcheckbox', { name: 'Repeat alerts until seen' })).toHaveAttribute('aria-checked', 'false');
});

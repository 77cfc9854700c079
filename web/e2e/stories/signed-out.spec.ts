import type { Page } from '@playwright/test';
import { ApiActor, type Login, NEW_PASSWORD, registerNewcomer } from '../harness/api';
import { TestServer } from '../harness/server';
import { describeSessionForStorage, expect, makeUniqueTitle, openDashboardWithSession, test, waitForLiveLink } from '../harness/test';

function openAsLogin(browser: Parameters<typeof openDashboardWithSession>[0], server: TestServer, login: Login, path = '/incidents') {
  return openDashboardWithSession(browser, server.url, describeSessionForStorage(login), path);
}

async function signInAgain(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await waitForLiveLink(page);
}

test('should say that a sign-in was ended elsewhere, lead back, and keep what was begun', async ({ browser, server }) => {
  const login = await registerNewcomer(server);
  const actor = new ApiActor(server, login);
  const { id } = await actor.report({ title: makeUniqueTitle('Where one was') });
  const page = await openAsLogin(browser, server, login, `/incidents/${id}`);
  await waitForLiveLink(page);
  const tab = await page.context().newPage();
  await tab.goto('/incidents');
  await waitForLiveLink(tab);
  await page.getByLabel('Write a comment').fill('Half a thought');
  const { sessions } = await actor.send<{ sessions: { id: string; current: boolean }[] }>('GET', '/api/auth/sessions');
  await actor.send('DELETE', `/api/auth/sessions/${sessions.find((each) => each.current)?.id}`);
  for (const each of [page, tab]) {
    await expect(each).toHaveURL(/\/login$/);
    await expect(each.getByTestId('signed-out')).toContainText('Your sign-in was ended');
    await expect(each.getByTestId('signed-out')).toContainText('ask one');
  }
  await signInAgain(page, login.user.email);
  await expect(page).toHaveURL(new RegExp(`/incidents/${id}$`));
  await expect(page.getByLabel('Write a comment')).toHaveValue('Half a thought');
  await page.getByRole('button', { name: /Account and settings/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/login$/);
  await expect(page.getByLabel('Email')).toBeVisible();
  await expect(page.getByTestId('signed-out')).toHaveCount(0);
  await page.context().close();
});

test('should say so to whom an Auror deactivates', async ({ browser, server, actAs }) => {
  const login = await registerNewcomer(server);
  const page = await openAsLogin(browser, server, login);
  await waitForLiveLink(page);
  await (await actAs('tonks')).send('PATCH', `/api/users/${login.user.id}`, { active: false });
  await expect(page.getByTestId('signed-out')).toContainText('an Auror deactivated your account');
  await page.context().close();
});

test('should say that a sign-in has expired', async ({ browser, server }) => {
  const login = { ...(await registerNewcomer(server)), accessToken: 'of.long.ago', refreshToken: 'long forgotten' };
  const page = await openDashboardWithSession(browser, server.url, describeSessionForStorage(login, -60_000), '/incidents');
  await expect(page.getByTestId('signed-out')).toContainText('Your sign-in has expired');
  await page.reload();
  await expect(page.getByTestId('signed-out')).toBeVisible();
  await signInAgain(page, login.user.email);
  await page.context().close();
});

test('should count down until another try is taken', async ({ browser }) => {
  const server = await TestServer.start({ RATE_LIMIT_AUTH: '2' });
  try {
    const page = await browser.newPage({ baseURL: server.url });
    await page.clock.install();
    await page.goto('/login');
    await page.getByLabel('Email').fill('harry.potter@hogwarts.edu');
    const button = page.getByRole('button', { name: 'Sign in' });
    const left = page.getByTestId('retry-delay');
    await expect(async () => {
      await page.getByLabel('Password', { exact: true }).fill('wrong password');
      await button.click();
      await expect(left).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 20_000 });
    const readSeconds = async () => Number(/in (\d+) s/.exec(await left.innerText())?.[1]);
    const first = await readSeconds();
    expect(first).toBeGreaterThan(2);
    await expect(button).toBeDisabled();
    await page.clock.fastForward(2_000);
    await expect.poll(readSeconds).toBeLessThanOrEqual(first - 2);
    await page.clock.fastForward(first * 1_000);
    await expect(left).toHaveText('Too many tries. You can try again now.');
    await expect(button).toBeEnabled();
    await page.close();
  } finally {
    await server.stop();
  }
});

test('should tell of Caps Lock while a password is typed', async ({ browser, server }) => {
  const page = await browser.newPage({ baseURL: server.url });
  await page.goto('/login');
  const field = page.getByLabel('Password', { exact: true });
  await field.focus();
  // No tool presses the real key: this is the event that a browser makes of one with it.
  await field.dispatchEvent('keydown', { key: 'A', modifierCapsLock: true });
  await expect(page.getByText('Caps Lock is on.')).toBeVisible();
  await field.dispatchEvent('keyup', { key: 'CapsLock', modifierCapsLock: false });
  await expect(page.getByText('Caps Lock is on.')).toHaveCount(0);
  await page.close();
});

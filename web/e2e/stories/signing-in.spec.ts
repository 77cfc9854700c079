import { ApiActor } from '../harness/api';
import { expect, test } from '../harness/test';

test.describe('signing in', () => {
  test('should offer the demo users as buttons', { tag: '@database' }, async ({ browser, server }) => {
    const page = await browser.newPage({ baseURL: server.url });
    await page.goto('/incidents');
    await expect(page).toHaveURL(/\/login$/);
    await page.getByRole('button', { name: /Harry Potter/ }).click();
    await expect(page).toHaveURL(/\/incidents$/);
    await expect(page.getByTestId('link-state')).toHaveText('Live');
    await page.close();
  });

  test('should not say which of email and password was wrong', async ({ browser, server }) => {
    const page = await browser.newPage({ baseURL: server.url });
    await page.goto('/login');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('Enter your email')).toBeVisible();
    const answers: string[] = [];
    for (const email of ['harry.potter@hogwarts.edu', 'nobody@hogwarts.edu']) {
      await page.getByLabel('Email').fill(email);
      await page.getByLabel('Password', { exact: true }).fill('wrong password');
      const answered = page.waitForResponse('**/api/auth/login');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await answered;
      answers.push(await page.getByRole('alert').innerText());
    }
    expect(answers[0]).toBe(answers[1]);
    await page.close();
  });

  test('should register, return to the page that was asked for, and sign out everywhere', { tag: '@database' }, async ({ browser, server }) => {
    const context = await browser.newContext({ baseURL: server.url });
    const page = await context.newPage();
    await page.goto('/register');
    const name = `luna${Date.now().toString(36)}`;
    await page.getByLabel('Name').fill('Luna Lovegood');
    await page.getByLabel('Email').fill('harry.potter@hogwarts.edu');
    await page.getByLabel('Password', { exact: true }).fill('nargles everywhere');
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await page.getByLabel('Email').fill(`${name}@hogwarts.edu`);
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page).toHaveURL(/\/incidents$/);
    const second = await context.newPage();
    await second.goto('/incidents');
    await page.getByRole('button', { name: /Account and settings/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/\/login$/);
    await expect(second).toHaveURL(/\/login$/);
    await context.close();
  });

  test('should register by an invitation, and set a password by a link once', { tag: '@database' }, async ({ browser, server }) => {
    const tonks = await ApiActor.signIn(server, 'tonks');
    const email = `rosmerta${Date.now().toString(36)}@hogwarts.edu`;
    const { link: invitation } = await tonks.send<{ link: string }>('POST', '/api/invitations', { email, role: 'PREFECT' });
    const context = await browser.newContext({ baseURL: server.url });
    const page = await context.newPage();
    await page.goto(invitation);
    await expect(page.getByText('You are invited.')).toBeVisible();
    await page.getByLabel('Name').fill('Madam Rosmerta');
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password', { exact: true }).fill('password');
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByText(/easily guessed:/)).toBeVisible();
    await page.getByLabel('Password', { exact: true }).fill('three broomsticks and a mead');
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page).toHaveURL(/\/incidents$/);

    const { users } = await tonks.send<{ users: { id: string; role: string }[] }>('GET', `/api/users?q=${email.split('@')[0]}`);
    expect(users[0]?.role).toBe('PREFECT');
    const { link } = await tonks.send<{ link: string }>('POST', `/api/users/${users[0]?.id}/password-reset`);
    const other = await browser.newPage({ baseURL: server.url });
    await other.goto(link);
    await other.getByLabel('New password').fill('elderflower wine at nine');
    await other.getByRole('button', { name: 'Set password' }).click();
    await expect(other.getByText('Your password is set.')).toBeVisible();
    await expect(page).toHaveURL(/\/login$/);
    await other.reload();
    await other.getByLabel('New password').fill('elderflower wine at nine');
    await other.getByRole('button', { name: 'Set password' }).click();
    await expect(other.getByRole('alert')).toHaveText(/used already/);

    for (const each of [page, other]) {
      await each.goto('/login');
      await each.getByLabel('Email').fill(email);
      await each.getByLabel('Password', { exact: true }).fill('elderflower wine at nine');
      await each.getByRole('button', { name: 'Sign in' }).click();
      await expect(each).toHaveURL(/\/incidents$/);
    }
    await context.close();
    await other.close();
  });

  test('should put the server’s complaint at its field', async ({ openAs }) => {
    const page = await openAs('harry');
    await page.route('**/api/incidents', async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      const body = JSON.stringify({ ...route.request().postDataJSON(), location: 'x'.repeat(201) });
      await route.continue({ postData: body });
    });
    await page.getByRole('button', { name: 'Report incident' }).click();
    const form = page.getByRole('dialog');
    await form.getByRole('button', { name: 'Report incident' }).click();
    await expect(form.getByText('Say what happened, in up to 200 characters')).toBeVisible();
    await form.getByLabel('What happened').fill('Something');
    await form.getByRole('button', { name: 'Report incident' }).click();
    await expect(form.getByLabel('Where')).toHaveAttribute('aria-invalid', 'true');
  });
});

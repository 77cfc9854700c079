import { expect, test } from '../harness/test';

test.describe('signing in', () => {
  test('should offer the demo users as buttons', async ({ browser, server }) => {
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

  test('should register, return to the page that was asked for, and sign out everywhere', async ({ browser, server }) => {
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

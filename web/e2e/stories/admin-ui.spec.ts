import { ApiActor, PASSWORD } from '../harness/api';
import { TestServer } from '../harness/server';
import { describeSessionForStorage, expect, openDashboardWithSession, test, waitForLiveLink } from '../harness/test';

/** The page of `@socket.io/admin-ui`, as the server serves it. */
test('should show an Auror the servers and the sockets in the Admin UI of Socket.IO', async ({ browser }) => {
  const server = await TestServer.start({ ADMIN_UI: 'true', ADMIN_UI_MODE: 'development' });
  try {
    const student = await ApiActor.signIn(server, 'harry');
    const dashboard = await openDashboardWithSession(browser, server.url, describeSessionForStorage(student.login), '/incidents');
    await waitForLiveLink(dashboard);
    const context = await browser.newContext({ baseURL: server.url });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && request.url().startsWith('http')) problems.push(request.url());
    });
    await page.goto('/admin/ui');
    await page.getByLabel('Server URL').fill(server.url);
    await page.getByLabel('Username').fill('nymphadora.tonks@hogwarts.edu');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Connect' }).click();
    await expect(page.getByText('invalid credentials')).toBeVisible();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Connect' }).click();
    await expect(page.getByRole('button', { name: 'Update' })).toBeVisible();
    await page.getByRole('link', { name: 'Servers' }).click();
    await expect(page.getByRole('row').getByText('Healthy', { exact: true })).toBeVisible();
    await page.getByRole('link', { name: 'Sockets' }).click();
    const row = page.getByRole('row').filter({ hasText: '127.0.0.1' });
    await expect(row).toHaveCount(1);
    await dashboard.context().close();
    await expect(row).toHaveCount(0);
    expect(problems).toEqual([]);
    await context.close();
  } finally {
    await server.stop();
  }
});

import { TestServer } from '../harness/server';
import { expect, makeUniqueTitle, test, waitForLiveLink } from '../harness/test';

test('should work below a path as it does at the top', async ({ browser }) => {
  const server = await TestServer.start({ BASE_PATH: '/owl' });
  try {
    const context = await browser.newContext({ baseURL: server.url });
    const page = await context.newPage();
    const strays: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(`${server.url}/owl`) && request.url().startsWith('http')) strays.push(request.url());
    });
    await page.goto('/owl');
    await page.getByRole('region', { name: 'Demo users' }).getByRole('button', { name: /Harry Potter/ }).click();
    await expect(page).toHaveURL(`${server.url}/owl/incidents`);
    await waitForLiveLink(page);
    await page.getByRole('button', { name: 'Report incident' }).click();
    const title = makeUniqueTitle('Below the path');
    await page.getByLabel('What happened').fill(title);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: title }).first().click();
    await expect(page).toHaveURL(/\/owl\/incidents\/[0-9a-f-]+$/);
    await page.reload();
    await expect(page.getByRole('heading', { name: title })).toBeVisible();
    await waitForLiveLink(page);
    await page.goto('/owl/docs/');
    await expect(page.getByText('Owl Post').first()).toBeVisible();
    expect(strays).toEqual([]);
    await context.close();
  } finally {
    await server.stop();
  }
});

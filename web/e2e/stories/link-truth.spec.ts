import { ApiActor } from '../harness/api';
import { TestServer } from '../harness/server';
import { describeSessionForStorage, expect, makeUniqueTitle, openDashboardWithSession, test, waitForLiveLink } from '../harness/test';

test('should not call a link live over a server that stopped answering', async ({ browser }) => {
  test.setTimeout(120_000);
  // As deployed: the page asks for a shorter heartbeat than others have.
  const server = await TestServer.start();
  try {
    const harry = await ApiActor.signIn(server, 'harry');
    const page = await openDashboardWithSession(browser, server.url, describeSessionForStorage(harry.login), '/incidents');
    await waitForLiveLink(page);
    const link = page.getByTestId('link-state');
    server.pause();
    await expect(link).not.toHaveAttribute('data-link', 'live', { timeout: 10_000 });
    await expect(page.getByTestId('stale-banner')).toBeVisible();
    // Who is there nobody knows either.
    const counts = page.getByTestId('online-counts').filter({ visible: true });
    await expect(counts).toHaveAttribute('data-stale');
    const dot = counts.locator('span').first();
    const colour = () => dot.evaluate((element) => getComputedStyle(element).backgroundColor);
    const grey = await colour();
    await expect(link).toHaveAttribute('data-link', 'offline', { timeout: 25_000 });
    server.unpause();
    await waitForLiveLink(page, 30_000);
    await expect(counts).not.toHaveAttribute('data-stale');
    expect(await colour()).not.toBe(grey);
    await page.context().close();
  } finally {
    await server.stop();
  }
});

test('should say after 5 s that it waits, and wait no longer than 10 s for an answer or its end', async ({ openAs, actAs }) => {
  const incident = await (await actAs('ron')).report({ title: makeUniqueTitle('Slow') });
  const page = await openAs('harry');
  const link = page.getByTestId('link-state');
  let asked = 0;
  await page.route(`**/api/incidents/${incident.id}`, (route) => {
    asked += 1;
    // Only the first is left without an answer.
    if (asked > 1) return route.fallback();
  });
  const begun = Date.now();
  const failed = page.waitForEvent('requestfailed', (request) => request.url().endsWith(incident.id));
  await page.evaluate((path) => {
    history.pushState(null, '', path);
    dispatchEvent(new PopStateEvent('popstate'));
  }, `/incidents/${incident.id}`);
  await expect(link).toHaveText('Still waiting…', { timeout: 9_000 });
  await failed;
  expect(Date.now() - begun).toBeGreaterThan(9_500);
  await expect(page.getByRole('heading', { level: 1, name: incident.title })).toBeVisible();
  await expect(link).toHaveText('Live');
  await expect.poll(() => asked).toBeGreaterThan(1);
});

test('should not send a write again by itself that has no key and no answer', async ({ openAs }) => {
  const page = await openAs('kingsley');
  let sent = 0;
  await page.route('**/api/notifications/read-all', () => void (sent += 1));
  await page.route('**/api/notifications?*', async (route) => {
    const response = await route.fetch();
    const body = (await response.json()) as object;
    await route.fulfill({ response, json: { ...body, unreadCount: 3 } });
  });
  await page.reload();
  await waitForLiveLink(page);
  await page.getByRole('button', { name: /^Notifications/ }).click();
  await page.getByRole('button', { name: 'Mark all read' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'did not answer in time' })).toBeVisible({ timeout: 20_000 });
  expect(sent).toBe(1);
});

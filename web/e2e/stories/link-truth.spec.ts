import { ApiActor } from '../harness/api';
import { TestServer } from '../harness/server';
import { describeSessionForStorage, expect, openDashboardWithSession, test, waitForLiveLink } from '../harness/test';

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
    await expect(link).toHaveAttribute('data-link', 'offline', { timeout: 25_000 });
    server.unpause();
    await waitForLiveLink(page, 30_000);
    await page.context().close();
  } finally {
    await server.stop();
  }
});

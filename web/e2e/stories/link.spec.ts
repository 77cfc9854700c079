import { ApiActor } from '../harness/api';
import { TestServer } from '../harness/server';
import {
  describeSessionForStorage,
  expect,
  findRowByTitle,
  makeUniqueTitle,
  openDashboardWithSession,
  test,
  waitForLiveLink,
} from '../harness/test';

test.describe('the link', () => {
  test('should resume what was missed while the network was away', { tag: '@database' }, async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const incident = await ron.report({ title: makeUniqueTitle('Before the cut') });
    const list = await openAs('harry');
    const detail = await list.context().newPage();
    await detail.goto(`/incidents/${incident.id}`);
    await waitForLiveLink(detail);
    await list.context().setOffline(true);
    for (const page of [list, detail]) {
      await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', 'offline');
      await expect(page.getByTestId('stale-banner')).toBeVisible();
    }
    const missed = await ron.report({ title: makeUniqueTitle('During the cut') });
    await ron.update(incident.id, { severity: 'SERIOUS' });
    await ron.comment(incident.id, 'Said during the cut');

    // Catching up needs no page of the list again: the events alone bring it up to date.
    const refetched: string[] = [];
    list.on('request', (request) => {
      if (/\/api\/incidents(\?|$)/.test(request.url())) refetched.push(request.url());
    });
    await list.context().setOffline(false);
    await waitForLiveLink(list);
    await waitForLiveLink(detail);
    await expect(findRowByTitle(list, missed.title)).toHaveCount(1);
    await expect(findRowByTitle(list, incident.title)).toContainText('Serious');
    await expect(detail.getByTestId('comment')).toHaveText(/Said during the cut/);
    await expect(detail.getByTestId('incident-summary')).toContainText('Serious');
    await expect(list.getByRole('status').filter({ hasText: 'Caught up' })).toBeVisible();
    expect(refetched).toEqual([]);
  });

  test('should come back by itself when the server was restarted', { tag: '@database' }, async ({ browser }) => {
    test.setTimeout(150_000);
    const server = await TestServer.start();
    try {
      const ron = await ApiActor.signIn(server, 'ron');
      const harry = await ApiActor.signIn(server, 'harry');
      const page = await openDashboardWithSession(browser, server.url, describeSessionForStorage(harry.login), '/incidents?view=all');
      await waitForLiveLink(page);
      await server.halt();
      await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', /reconnecting|offline/);
      await server.resume();
      const missed = await ron.report({ title: makeUniqueTitle('While you were away') });
      await waitForLiveLink(page, 30_000);
      await expect(findRowByTitle(page, missed.title)).toHaveCount(1);
      const later = await ron.report({ title: makeUniqueTitle('Live again') });
      await expect(findRowByTitle(page, later.title)).toHaveCount(1);
      await page.context().close();
    } finally {
      await server.stop();
    }
  });

  test('should refetch when the log does not reach back far enough', { tag: '@database' }, async ({ openAs }) => {
    const page = await openAs('harry');
    // By polling, so that the server's word on the replay can be changed on its way: the log was trimmed.
    await page.routeWebSocket(/socket\.io/, (socket) => socket.close());
    await page.route('**/socket.io/**', async (route) => {
      if (route.request().method() !== 'GET') return route.fallback();
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace('"complete":true', '"complete":false') });
    });
    await page.reload();
    await waitForLiveLink(page);
    const refetched = page.waitForResponse((response) => /\/api\/incidents\?/.test(response.url()));
    await page.evaluate(() => window.dispatchEvent(new Event('offline')));
    await expect(page.getByTestId('link-state')).not.toHaveAttribute('data-link', 'live');
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    expect((await refetched).status()).toBe(200);
    await waitForLiveLink(page);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test('should work with websockets blocked', async ({ browser, server, actAs }) => {
    const harry = await ApiActor.signIn(server, 'harry');
    const context = await browser.newContext({
      baseURL: server.url,
      storageState: {
        cookies: [],
        origins: [
          {
            origin: server.url,
            localStorage: [{ name: 'owlpost.session', value: describeSessionForStorage(harry.login) }],
          },
        ],
      },
    });
    const page = await context.newPage();
    await page.routeWebSocket(/socket\.io/, (socket) => socket.close());
    await page.goto('/incidents?view=all');
    await waitForLiveLink(page);
    const ron = await actAs('ron');
    const incident = await ron.report({ title: makeUniqueTitle('By polling') });
    await expect(findRowByTitle(page, incident.title)).toBeVisible();
    await expect(page.getByTestId('link-state')).toHaveAttribute('data-transport', 'polling');
    await context.close();
  });
});

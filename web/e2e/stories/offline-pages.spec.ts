import type { Page } from '@playwright/test';
import { ApiActor, type Person } from '../harness/api';
import { test as base } from '../harness/deployment';
import {
  describeSessionForStorage,
  expect,
  findRowByTitle,
  makeUniqueTitle,
  openDashboardWithSession,
  waitForLiveLink,
} from '../harness/test';

interface Fixtures {
  openFrom: (person: Person, path?: string) => Promise<Page>;
}

const test = base.extend<Fixtures>({
  openFrom: async ({ browser, server, deployment }, use) => {
    const pages: Page[] = [];
    await use(async (person, path = '/incidents?view=all') => {
      const { login } = await ApiActor.signIn(server, person);
      const page = await openDashboardWithSession(browser, deployment.url, describeSessionForStorage(login), path);
      pages.push(page);
      return page;
    });
    for (const page of pages) await page.context().close();
  },
});

test('should open an incident offline with what the list knows, and the rest when the line is back', async ({ openFrom, actAs }) => {
  const percy = await actAs('percy');
  const incident = await percy.report({ title: makeUniqueTitle('Known from the list'), location: 'Astronomy Tower' });
  await percy.comment(incident.id, 'From before');
  const page = await openFrom('harry');
  await waitForLiveLink(page);
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => /IncidentRoute-/.test(name)));
  await page.context().setOffline(true);
  await expect(page.getByTestId('link-state')).toHaveText('Offline');
  await findRowByTitle(page, incident.title).getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: incident.title })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Properties' })).toContainText('Astronomy Tower');
  await expect(page.getByTestId('from-list')).toContainText('This is what the list knew');
  await expect(page.getByTestId('link-state')).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByTestId('comment').getByText('From before')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByTestId('from-list')).toHaveCount(0);
});

test('should say that a page could not be loaded, keep shell and link, and try again', async ({ openFrom, deployment, actAs }) => {
  const incident = await (await actAs('percy')).report({ title: makeUniqueTitle('Code that is late') });
  const putBack = await deployment.removeAsset(/^IncidentRoute-.*\.js$/);
  const page = await openFrom('harry');
  await waitForLiveLink(page);
  await findRowByTitle(page, incident.title).getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'This page could not be loaded' })).toBeVisible();
  await expect(page.getByTestId('link-state')).toHaveText('Live');
  await page.getByRole('link', { name: /all incidents/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Active' })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'This page could not be loaded' })).toBeVisible();
  await putBack();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { level: 1, name: incident.title })).toBeVisible();
});

test('should announce a new version after the server came back, and reload with drafts only when asked', async ({ openFrom, deployment, actAs }) => {
  const incident = await (await actAs('percy')).report({ title: makeUniqueTitle('Before the deploy') });
  const page = await openFrom('harry', `/incidents/${incident.id}`);
  await waitForLiveLink(page);
  await page.getByLabel('Write a comment').fill('Half a thought');
  await expect(page.getByTestId('new-version')).toHaveCount(0);
  deployment.stop();
  await expect(page.getByTestId('link-state')).not.toHaveText('Live');
  await deployment.deployNextVersion();
  deployment.start();
  await waitForLiveLink(page);
  await expect(page.getByTestId('new-version')).toContainText('There is a new version of Owl Post.');
  await expect(page.getByLabel('Write a comment')).toHaveValue('Half a thought');
  await page.getByTestId('new-version').getByRole('button', { name: 'Reload' }).click();
  await expect(page.locator('script[src*="next-index"]')).toHaveCount(1);
  await expect(page.getByLabel('Write a comment')).toHaveValue('Half a thought');
  await waitForLiveLink(page);
  await expect(page.getByTestId('new-version')).toHaveCount(0);
});

test('should say so where a page of the old version is gone', async ({ openFrom, deployment, actAs }) => {
  const incident = await (await actAs('percy')).report({ title: makeUniqueTitle('Gone with the old version') });
  await deployment.removeAsset(/^IncidentRoute-.*\.js$/);
  const page = await openFrom('harry');
  await waitForLiveLink(page);
  await deployment.deployNextVersion();
  await findRowByTitle(page, incident.title).getByRole('link').click();
  await expect(page.getByText('There is a new version of Owl Post, and the old one has no such page any more.')).toBeVisible();
  await expect(page.getByTestId('new-version')).toBeVisible();
  await expect(page.getByTestId('link-state')).toHaveText('Live');
});

test('should keep shell and link when a page breaks, and go on elsewhere', async ({ openFrom, actAs }) => {
  const incident = await (await actAs('percy')).report({ title: makeUniqueTitle('Breaks its page') });
  const page = await openFrom('harry');
  await waitForLiveLink(page);
  // An answer that no server of ours gives.
  await page.route(`**/api/incidents/${incident.id}`, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), reportedBy: null } });
  });
  await findRowByTitle(page, incident.title).getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'This page broke' })).toBeVisible();
  await expect(page.getByTestId('link-state')).toHaveText('Live');
  await page.getByRole('link', { name: /all incidents/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Active' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'This page broke' })).toHaveCount(0);
});

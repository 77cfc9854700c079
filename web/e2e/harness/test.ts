import { test as base, expect, type Browser, type BrowserContextOptions, type Page } from '@playwright/test';
import { ApiActor, type Login, type Person } from './api';
import { TestServer } from './server';

interface TestFixtures {
  /** Opens the dashboard as somebody, in a browser of their own. */
  openAs: (person: Person, path?: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Somebody who acts by REST. */
  actAs: (person: Person) => Promise<ApiActor>;
}

interface WorkerFixtures {
  server: TestServer;
}

/** What the dashboard keeps in localStorage for a signed-in user. */
export function describeSessionForStorage(login: Login, lifetimeMs = login.expiresIn * 1000): string {
  const { user, accessToken, refreshToken } = login;
  const issuedAt = Date.now();
  return JSON.stringify({ user, accessToken, refreshToken, issuedAt, expiresAt: issuedAt + lifetimeMs });
}

export async function openDashboardWithSession(
  browser: Browser,
  url: string,
  session: string,
  path: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const storageState = {
    cookies: [],
    origins: [{ origin: new URL(url).origin, localStorage: [{ name: 'owlpost.session', value: session }] }],
  };
  const context = await browser.newContext({ storageState, baseURL: url, ...options });
  const page = await context.newPage();
  await page.goto(path);
  return page;
}

export async function waitForLiveLink(page: Page, timeout = 20_000): Promise<void> {
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', 'live', { timeout });
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const server = await TestServer.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  actAs: async ({ server }, use) => {
    await use((person) => ApiActor.signIn(server, person));
  },
  openAs: async ({ browser, server }, use, info) => {
    const pages: Page[] = [];
    await use(async (person, path = '/incidents?view=all', options = {}) => {
      const actor = await ApiActor.signIn(server, person);
      const session = describeSessionForStorage(actor.login);
      const page = await openDashboardWithSession(browser, server.url, session, path, options);
      pages.push(page);
      await waitForLiveLink(page);
      return page;
    });
    if (info.status !== info.expectedStatus) {
      await info.attach('server log', { body: server.log, contentType: 'text/plain' });
      console.log(`--- server log ---\n${server.log.slice(-6_000)}`);
    }
    for (const page of pages) await page.context().close();
  },
});

export { expect };

/** A row of the list, by its title. */
export function findRowByTitle(page: Page, title: string) {
  return page.getByRole('list', { name: 'Incidents', exact: true }).getByRole('article', { name: title, exact: true });
}

/** What changed before is in the next frame, and that is drawn when the one behind it begins. */
export const waitUntilPageIsDrawn = (page: Page) =>
  page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));

/** Less than a screen and drawn before this answers, so that of a list that draws only what is in view no row is passed by. */
export async function scrollOneStepDown(page: Page) {
  await page.evaluate(() => window.scrollBy({ top: 400, behavior: 'instant' }));
  await waitUntilPageIsDrawn(page);
}

let counter = 0;
/** A title no other test uses. */
export function makeUniqueTitle(text: string): string {
  counter += 1;
  return `${text} ${process.pid}-${Date.now().toString(36)}-${counter}`;
}

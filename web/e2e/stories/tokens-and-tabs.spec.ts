import { createHmac } from 'node:crypto';
import { ApiActor, type Login } from '../harness/api';
import { JWT_SECRET } from '../harness/server';
import {
  describeSessionForStorage,
  expect,
  findRowByTitle,
  makeUniqueTitle,
  openDashboardWithSession,
  test,
  waitForLiveLink,
} from '../harness/test';

/** Long enough for a page to open on a slow machine. */
const SHORT_LIFE_S = 15;

function mintShortLivedToken(login: Login, lifeSeconds: number): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { id, ...user } = login.user;
  const iat = Math.floor(Date.now() / 1000);
  const claims = { sub: id, ...user, iat, exp: iat + lifeSeconds, type: 'access' };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', JWT_SECRET).update(text).digest('base64url')}`;
}

test('should renew a token before it expires, on the same connection', { tag: '@database' }, async ({ browser, server, actAs }) => {
  const { login } = await ApiActor.signIn(server, 'harry');
  const short = { ...login, accessToken: mintShortLivedToken(login, SHORT_LIFE_S) };
  const expiresAt = Date.now() + SHORT_LIFE_S * 1000;
  const page = await openDashboardWithSession(browser, server.url, describeSessionForStorage(short, SHORT_LIFE_S * 1000), '/incidents?view=all');
  const states: string[] = [];
  await page.exposeFunction('noteState', (state: string) => states.push(state));
  await waitForLiveLink(page);
  await page.evaluate(() => {
    const pill = document.querySelector('[data-testid="link-state"]');
    const note = (window as unknown as { noteState: (state: string) => void }).noteState;
    new MutationObserver(() => note(pill?.getAttribute('data-link') ?? '')).observe(pill as Node, { attributes: true });
  });
  // It may have been renewed before the link was seen to be live.
  const readToken = () => page.evaluate(() => (JSON.parse(localStorage.getItem('owlpost.session') ?? '{}') as Partial<Login>).accessToken);
  await expect.poll(readToken, { timeout: SHORT_LIFE_S * 1000 }).not.toBe(short.accessToken);
  expect(Date.now()).toBeLessThan(expiresAt);
  await expect.poll(() => Date.now() > expiresAt + 1_500, { timeout: 20_000 }).toBe(true);
  const ron = await actAs('ron');
  const incident = await ron.report({ title: makeUniqueTitle('After the old token') });
  await expect(findRowByTitle(page, incident.title)).toBeVisible();
  expect(states.filter((state) => state !== 'live')).toEqual([]);
  await page.context().close();
});

test('should sign in again quietly with a token that expired while away', async ({ browser, server }) => {
  const { login } = await ApiActor.signIn(server, 'hermione');
  const stale = { ...login, accessToken: mintShortLivedToken(login, -30) };
  const page = await openDashboardWithSession(browser, server.url, describeSessionForStorage(stale, -30_000), '/incidents?view=all');
  await waitForLiveLink(page);
  await expect(page.getByRole('article').first()).toBeVisible();
  await page.context().close();
});

test('should renew once for two tabs, and keep both signed in', async ({ browser, server }) => {
  const { login } = await ApiActor.signIn(server, 'cedric');
  const short = { ...login, accessToken: mintShortLivedToken(login, SHORT_LIFE_S) };
  const first = await openDashboardWithSession(browser, server.url, describeSessionForStorage(short, SHORT_LIFE_S * 1000), '/incidents?view=all');
  let renewals = 0;
  first.context().on('request', (request) => {
    if (request.url().endsWith('/api/auth/refresh')) renewals += 1;
  });
  const second = await first.context().newPage();
  await second.goto('/incidents?view=all');
  await waitForLiveLink(first);
  await waitForLiveLink(second);
  await expect.poll(() => renewals, { timeout: 15_000 }).toBeGreaterThan(0);
  const read = (page: typeof first) =>
    page.evaluate(() => (JSON.parse(localStorage.getItem('owlpost.session') ?? '{}') as { accessToken: string }).accessToken);
  await expect.poll(() => read(first)).not.toBe(short.accessToken);
  expect(await read(first)).toBe(await read(second));
  await waitForLiveLink(first);
  await waitForLiveLink(second);
  expect(renewals).toBe(1);
  await first.context().close();
});

test('should agree between two tabs of one user', async ({ openAs, actAs }) => {
  const incident = await (await actAs('harry')).report({ title: makeUniqueTitle('Two tabs') });
  const first = await openAs('percy');
  const second = await first.context().newPage();
  await second.goto(`/incidents/${incident.id}`);
  await waitForLiveLink(second);
  await expect(second.getByTestId('viewers')).toContainText('1 user viewing this incident');
  await second.getByLabel('Write a comment').fill('From the second tab');
  await second.getByRole('button', { name: 'Comment', exact: true }).click();
  await expect(second.getByTestId('comment')).toHaveCount(1);
  await second.getByRole('button', { name: 'Resolve' }).click();
  await second.getByRole('dialog').getByRole('button', { name: 'Resolve incident' }).click();
  await expect(findRowByTitle(first, incident.title)).toHaveAttribute('data-status', 'RESOLVED');
});

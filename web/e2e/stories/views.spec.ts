import { castle } from '../harness/api';
import { TestServer } from '../harness/server';
import { ApiActor } from '../harness/api';
import { describeSessionForStorage, expect, makeUniqueTitle, openDashboardWithSession, test, waitForLiveLink } from '../harness/test';

test('should begin with what is at work, the most severe and then the oldest first, and count the views', async ({ browser }) => {
  const server = await TestServer.start();
  const [ron, kingsley] = [await ApiActor.signIn(server, 'ron'), await ApiActor.signIn(server, 'kingsley')];
  const older = await ron.report({ title: makeUniqueTitle('Older serious'), severity: 'SERIOUS' });
  const newer = await ron.report({ title: makeUniqueTitle('Newer serious'), severity: 'SERIOUS' });
  const mischief = await ron.report({ title: makeUniqueTitle('Mischief') });
  const done = await ron.report({ title: makeUniqueTitle('Done') });
  await kingsley.resolve(done.id, 'Done');
  const page = await openDashboardWithSession(browser, server.url, describeSessionForStorage(kingsley.login), '/incidents');
  await waitForLiveLink(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Active');
  const list = page.getByRole('list', { name: 'Incidents', exact: true });
  const listTitles = async () => (await list.getByRole('article').all()).length;
  await expect.poll(listTitles).toBeGreaterThan(2);
  const place = async (title: string) => {
    const names = await list.getByRole('article').evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label')));
    return names.indexOf(title);
  };
  expect(await place(done.title)).toBe(-1);
  expect(await place(older.title)).toBeLessThan(await place(newer.title));
  expect(await place(newer.title)).toBeLessThan(await place(mischief.title));
  // What becomes critical goes up, and what is resolved goes away, as it happens.
  await kingsley.update(mischief.id, { severity: 'CRITICAL' });
  await expect.poll(async () => (await place(mischief.title)) < (await place(older.title))).toBe(true);
  const counts = page.getByRole('navigation', { name: 'Views' });
  const readCount = async (view: string) => Number(await counts.getByRole('link', { name: view }).getByTestId('view-count').innerText());
  const [active, mine] = [await readCount('Active'), await readCount('Assigned to me')];
  await kingsley.update(older.id, { assigneeId: kingsley.user.id });
  await expect.poll(() => readCount('Assigned to me')).toBe(mine + 1);
  await kingsley.resolve(newer.id, 'Gone');
  await expect.poll(() => readCount('Active')).toBe(active - 1);
  await expect.poll(() => place(newer.title)).toBe(-1);
  await page.context().close();
  await server.stop();
});

test('should find the printed id and who reported it', { tag: '@database' }, async ({ openAs, actAs }) => {
  const ron = await actAs('ron');
  const title = makeUniqueTitle('Found');
  const incident = await ron.report({ title });
  const page = await openAs('harry');
  const search = page.getByRole('searchbox', { name: 'Search incidents' });
  const row = page.getByRole('list', { name: 'Incidents', exact: true }).getByRole('article', { name: title, exact: true });
  for (const q of [`OWL-${incident.id.slice(-5).toUpperCase()}`, castle.ron, 'Weasley']) {
    await search.fill(q);
    await expect(page).toHaveURL(new RegExp(`q=${q.replace(' ', '\\+')}`));
    await expect(row).toBeVisible();
  }
  await search.fill(`${title} Hermione`);
  await expect(row).toHaveCount(0);
});

test('should find people to assign by asking the server, and none that cannot be', async ({ openAs }) => {
  const page = await openAs('kingsley');
  const select = page.getByRole('combobox', { name: 'Assignee' });
  const asked = page.waitForRequest((request) => /\/api\/users\?.*q=Percy.*assignable=true/.test(request.url()));
  await select.click();
  await select.fill('Percy');
  await asked;
  await expect(page.getByRole('option', { name: 'Percy Weasley' })).toBeVisible();
  await select.fill('Harry');
  await expect(page.getByRole('option', { name: 'Harry Potter' })).toHaveCount(0);
});

test('should let a person choose the order, and keep it in the address', async ({ openAs }) => {
  const page = await openAs('harry', '/incidents');
  await page.getByRole('combobox', { name: 'Order' }).click();
  await page.getByRole('option', { name: 'Newest first' }).click();
  await expect(page).toHaveURL(/\/incidents\?sort=newest$/);
  await page.reload();
  await expect(page.getByRole('combobox', { name: 'Order' })).toHaveValue('Newest first');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Active');
});

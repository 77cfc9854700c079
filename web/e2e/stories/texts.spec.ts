import { castle } from '../harness/api';
import { expect, findRowByTitle, makeUniqueTitle, test } from '../harness/test';

test.describe('texts', () => {
  test('should have links that can be clicked and lead to no script', async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const description = 'See https://runbook.example/troll?x=1. Not javascript:alert(1), nor `https://code.example`.';
    const incident = await ron.report({ title: makeUniqueTitle('Linked'), description });
    await ron.comment(incident.id, `Look, @${castle.harry}: www.castle.example/map`);
    const page = await openAs('harry', `/incidents/${incident.id}`);
    const links = page.getByRole('main').locator('a[target="_blank"]');
    await expect(links).toHaveText(['https://runbook.example/troll?x=1', 'www.castle.example/map']);
    await expect(links.first()).toHaveAttribute('rel', 'noopener noreferrer nofollow');
    await expect(links.last()).toHaveAttribute('href', 'https://www.castle.example/map');
  });

  test('should contain long words and show a long description piece by piece', async ({ openAs, actAs }) => {
    const ron = await actAs('ron');
    const lines = Array.from({ length: 60 }, (_, at) => `line ${at}`).join('\n');
    const incident = await ron.report({ title: makeUniqueTitle('x'.repeat(120)), description: `${'y'.repeat(400)}\n${lines}` });
    for (const width of [360, 1440]) {
      const page = await openAs('harry', `/incidents/${incident.id}`, { viewport: { width, height: 800 } });
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(incident.title);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      const description = page.getByRole('region', { name: 'Description' });
      const short = (await description.boundingBox())?.height ?? 0;
      expect(short).toBeLessThan(700);
      await description.getByRole('button', { name: 'Show more' }).click();
      await expect.poll(async () => (await description.boundingBox())?.height ?? 0).toBeGreaterThan(1_000);
    }
  });

  test('should copy the link and the id of an incident', async ({ openAs, actAs, server }) => {
    const incident = await (await actAs('ron')).report({ title: makeUniqueTitle('Copied') });
    const page = await openAs('harry', `/incidents/${incident.id}`, { permissions: ['clipboard-read', 'clipboard-write'] });
    const readClipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await page.getByRole('button', { name: 'Copy link' }).click();
    await expect.poll(readClipboard).toBe(`${server.url}/incidents/${incident.id}`);
    await page.getByRole('button', { name: 'Copy id' }).click();
    await expect.poll(readClipboard).toBe(`OWL-${incident.id.slice(-5).toUpperCase()}`);
  });

  test('should tell times as they are told where the browser is, with the zone', async ({ openAs, actAs }) => {
    const incident = await (await actAs('ron')).report({ title: makeUniqueTitle('Timed') });
    const page = await openAs('harry', '/incidents?view=all', { locale: 'de-DE', timezoneId: 'Europe/Berlin' });
    const time = findRowByTitle(page, incident.title).getByRole('time');
    await expect(time).toHaveAttribute('title', /^\d{1,2}\.\d{1,2}\.\d{4}, \d{2}:\d{2}:\d{2} (MEZ|MESZ)$/);
  });

  test('should lead back to the list as it was', async ({ openAs, actAs }) => {
    const title = makeUniqueTitle('Back');
    await (await actAs('ron')).report({ title, severity: 'SERIOUS' });
    const page = await openAs('harry', '/incidents?status=OPEN%2CIN_PROGRESS');
    await page.getByRole('link', { name: title }).click();
    await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
    await page.getByRole('main').getByRole('link', { name: 'Active', exact: true }).click();
    await expect(page).toHaveURL(/\/incidents\?status=OPEN%2CIN_PROGRESS$/);
  });
});

test('should say what is wrong at the login without saying which, and keep the focus', async ({ page, server }) => {
  await page.goto(`${server.url}/login`);
  await page.getByLabel('Email').fill('harry.potter@hogwarts.edu');
  await page.getByLabel('Password', { exact: true }).fill('wrong password');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toHaveText('Email or password is wrong.');
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused();
});

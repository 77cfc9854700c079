import { createServer } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from '@playwright/test';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { chromiumArguments } from '../../playwright.config';
import { ApiActor } from '../harness/api';
import { expect, makeUniqueTitle, test } from '../harness/test';

const SOURCE = fileURLToPath(new URL('../seed-page', import.meta.url));
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

interface SeedSite {
  port: number;
  close: () => Promise<void>;
}

/** Builds the page around the seed's unchanged files and serves it, every path with the same page. */
async function serveSeedPage(): Promise<SeedSite> {
  const outDir = await mkdtemp(join(tmpdir(), 'owlpost-seed-'));
  await build({
    root: SOURCE,
    configFile: false,
    logLevel: 'error',
    plugins: [react()],
    resolve: { alias: { 'react-router-dom': 'react-router' } },
    build: { outDir, emptyOutDir: true },
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = extname(pathname) === '.js' ? pathname : '/index.html';
    readFile(join(outDir, file)).then(
      (content) => response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'text/plain' }).end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await rm(outDir, { recursive: true, force: true });
    },
  };
}

test.describe('the client code printed in the seed, unchanged', () => {
  let site: SeedSite;
  let castle: Browser;

  test.beforeAll(async ({ server }, info) => {
    site = await serveSeedPage();
    // The seed names localhost:4001 for the server, and localhost:3001 is the origin it allows. The browser is told
    // where those are; the code is not touched.
    const rules = `MAP localhost:4001 127.0.0.1:${server.port}, MAP localhost:3001 127.0.0.1:${site.port}`;
    castle = await chromium.launch({
      executablePath: info.project.use.launchOptions?.executablePath,
      args: [...chromiumArguments, `--host-resolver-rules=${rules}`],
    });
  });

  test.afterAll(async () => {
    await castle?.close();
    await site?.close();
  });

  async function openSeedPage(actor: ApiActor, path: string): Promise<Page> {
    const page = await castle.newPage();
    const url = new URL(path, 'http://localhost:3001');
    url.searchParams.set('token', actor.login.accessToken);
    await page.goto(url.toString());
    return page;
  }

  test('should feed created, updated and resolved incidents to the two hooks', async ({ actAs }) => {
    const [harry, ron] = [await actAs('harry'), await actAs('ron')];
    const incident = await ron.report({ title: makeUniqueTitle('Seed watched') });
    const page = await openSeedPage(harry, `/?room=incident:${incident.id}`);
    await expect(page.getByTestId('connected')).toHaveText('true');
    const created = await ron.report({ title: makeUniqueTitle('Seed created') });
    await expect(page.getByText(`created ${created.title} by ron.weasley@hogwarts.edu`)).toBeVisible();
    await page.getByRole('button', { name: 'join' }).click();
    await expect
      .poll(async () => (await ron.send<{ count: number }>('GET', `/api/presence/incident/${incident.id}`)).count)
      .toBe(1);
    await ron.update(incident.id, { severity: 'SERIOUS' });
    await expect(page.getByText(`updated ${incident.id} SERIOUS`)).toBeVisible();
    await ron.resolve(incident.id, 'As in the seed');
    await expect(page.getByText(`resolved ${incident.id} by ron.weasley@hogwarts.edu`)).toBeVisible();
    await page.close();
  });

  test('should recover the room and what was missed after a restart', async ({ actAs, server }) => {
    const [harry, ron] = [await actAs('harry'), await actAs('ron')];
    const incident = await ron.report({ title: makeUniqueTitle('Seed kept') });
    const page = await openSeedPage(harry, `/?room=incident:${incident.id}`);
    await expect(page.getByTestId('connected')).toHaveText('true');
    await page.getByRole('button', { name: 'join' }).click();
    const countViewers = async () =>
      (await ron.send<{ count: number }>('GET', `/api/presence/incident/${incident.id}`)).count;
    await expect.poll(countViewers).toBe(1);
    await server.halt();
    await expect(page.getByTestId('connected')).toHaveText('false');
    await server.resume();
    // The page is not back yet, or just now: it joins no room by itself.
    const missed = await ron.report({ title: makeUniqueTitle('Seed missed') });
    await ron.update(incident.id, { severity: 'SERIOUS' });
    await expect(page.getByText(`created ${missed.title} by ron.weasley@hogwarts.edu`)).toBeVisible({ timeout: 20_000 });
    await expect(page.getByText(`updated ${incident.id} SERIOUS`)).toBeVisible();
    await expect.poll(countViewers).toBe(1);
    await page.close();
  });

  test('should show viewers and typing in the detail component', async ({ actAs }) => {
    const [harry, ron] = [await actAs('harry'), await actAs('ron')];
    const incident = await ron.report({ title: makeUniqueTitle('Seed detail') });
    const path = `/incidents/${incident.id}`;
    const first = await openSeedPage(harry, path);
    const countViewers = async () =>
      (await ron.send<{ count: number }>('GET', `/api/presence/incident/${incident.id}`)).count;
    await expect.poll(countViewers).toBe(1);
    const second = await openSeedPage(ron, path);
    await expect(first.locator('.presence-indicator')).toHaveText('2 people viewing');
    await expect(second.locator('.presence-indicator')).toHaveText('2 people viewing');
    await second.getByRole('textbox').pressSequentially('Hello');
    await expect(first.locator('.typing-indicator')).toHaveText('Ron Weasley is typing...');
    await expect(first.locator('.typing-indicator')).toHaveCount(0, { timeout: 6_000 });
    await second.close();
    await expect(first.locator('.presence-indicator')).toHaveText('1 person viewing');
    await expect.poll(countViewers).toBe(1);
    await first.close();
  });

  test('should count viewers right in the detail component after a restart', async ({ actAs, server }) => {
    const [harry, ron] = [await actAs('harry'), await actAs('ron')];
    const incident = await ron.report({ title: makeUniqueTitle('Seed counted') });
    const pages = [await openSeedPage(harry, `/incidents/${incident.id}`), await openSeedPage(ron, `/incidents/${incident.id}`)];
    const expectCount = async (text: string) => {
      for (const page of pages) await expect(page.locator('.presence-indicator')).toHaveText(text, { timeout: 20_000 });
    };
    await expectCount('2 people viewing');
    await server.halt();
    await server.resume();
    const countViewers = async () =>
      (await ron.send<{ count: number }>('GET', `/api/presence/incident/${incident.id}`)).count;
    await expect.poll(countViewers, { timeout: 20_000 }).toBe(2);
    await expectCount('2 people viewing');
    await pages.pop()?.close();
    await expectCount('1 person viewing');
    await pages.pop()?.close();
  });
});

import { expect, test } from '../harness/test';

test('should say so where there is no page, and lead back', async ({ page, server }) => {
  const answer = await page.goto(`${server.url}/no/such/page`);
  // A build that stands in front of the server has no status of its own.
  if (!process.env.E2E_DIST) expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1, name: 'There is no such page' })).toBeVisible();
  await page.getByRole('link', { name: 'To the incidents' }).click();
  await expect(page).toHaveURL(/\/login$/);
});

test('should have what browsers ask for by themselves', async ({ request, server }) => {
  const types = {
    '/favicon.ico': 'image/x-icon',
    '/robots.txt': 'text/plain',
    '/manifest.webmanifest': 'application/manifest+json',
    '/apple-touch-icon.png': 'image/png',
  };
  for (const [path, type] of Object.entries(types)) {
    const answer = await request.get(server.url + path);
    expect(answer.status(), path).toBe(200);
    expect(answer.headers()['content-type'], path).toContain(type);
  }
  const manifest = (await (await request.get(`${server.url}/manifest.webmanifest`)).json()) as { icons: { src: string }[] };
  for (const { src } of manifest.icons) expect((await request.get(new URL(src, `${server.url}/`).href)).status(), src).toBe(200);
});

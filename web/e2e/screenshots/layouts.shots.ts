import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { type Castle, furnishCastle } from '../harness/furnishedCastle';
import { areas } from '../harness/states';
import { test } from '../harness/test';

/** To be looked at, and not kept: the pictures of the README are taken by `dashboard.shots.ts`. */
const FOLDER = fileURLToPath(new URL('../../test-results/layouts/', import.meta.url));
const WIDTHS = [
  [360, 780],
  [768, 1024],
  [1440, 900],
  [1920, 1080],
] as const;

async function takeShotsOfState(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${FOLDER}${name}-${colorScheme}-${width}.png`, animations: 'disabled' });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

let furnished: Promise<Castle> | null = null;

for (const area of areas) {
  test(`every layout of ${area.name}`, async ({ browser, server, openAs, actAs }) => {
    test.setTimeout(600_000);
    furnished ??= furnishCastle(actAs);
    const castle = await furnished;
    const page = area.who ? await openAs(area.who) : await browser.newPage({ baseURL: server.url });
    for (const state of area.states) {
      await test.step(state.name, async () => {
        await state.show(page, castle);
        await takeShotsOfState(page, state.name);
        await state.leave?.(page, castle);
      });
    }
    await page.context().close();
  });
}

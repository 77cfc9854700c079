import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import type { AxeResults, RunOptions } from 'axe-core';
import { listFaintTexts } from '../harness/contrast';
import { type Castle, furnishCastle } from '../harness/furnishedCastle';
import { areas } from '../harness/states';
import type { State } from '../harness/visits';
import { expect, test, waitUntilPageIsDrawn } from '../harness/test';

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** 320 px is a desk of 1280 px at 400 %, 720 px one of 1440 px at 200 %. */
const WIDTHS = [320, 720, 768, 1920];
/** One of each layout. */
const WIDTHS_OF_AXE = [360, 1440];

const rulesOfContrast: RunOptions = { runOnly: ['color-contrast'] };

/** Everything that axe finds, whatever weight it gives it. */
async function listFindingsOfAxe(page: Page, options: RunOptions = {}): Promise<string[]> {
  const results = await page.evaluate(
    (given) => (window as unknown as { axe: { run: (options: RunOptions) => Promise<AxeResults> } }).axe.run({ ...given, resultTypes: ['violations'] }),
    options,
  );
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} (${node.failureSummary})`).join(' | ')}`);
}

/** What the page, or what stands in its header, is wider than the window by, once it has taken its new layout. */
async function findOverflow(page: Page): Promise<string | null> {
  const find = () => {
    const parts = [document.documentElement, ...document.querySelectorAll('header *')];
    const ends = parts.map((part) => ({ part, end: part === document.documentElement ? part.scrollWidth : part.getBoundingClientRect().right }));
    const { part, end } = ends.reduce((widest, each) => (each.end > widest.end ? each : widest));
    const overflow = Math.round(end - window.innerWidth);
    return overflow > 0 ? `${overflow} px too wide: ${part.outerHTML.slice(0, 160)}` : null;
  };
  await page.waitForFunction(`(${find.toString()})() === null`, undefined, { timeout: 10_000 }).catch(() => undefined);
  return page.evaluate(find);
}

/** Colours that are on their way to others are neither. What is not drawn because it is far below waits on its way. */
async function emulateMediaAndSettle(page: Page, media: Parameters<Page['emulateMedia']>[0]): Promise<void> {
  await page.emulateMedia(media);
  // They are on their way from the next frame on.
  await waitUntilPageIsDrawn(page);
  const isSettled = () =>
    document.getAnimations().every((each) => {
      const target = each.effect instanceof KeyframeEffect ? each.effect.target : null;
      return !(each instanceof CSSTransition) || !target?.checkVisibility({ contentVisibilityAuto: true });
    });
  await page.waitForFunction(isSettled);
}

/** A way to look at a state, and what may be found that way. */
interface Look {
  name: string;
  width: number;
  media: Parameters<Page['emulateMedia']>[0];
  find?: (page: Page) => Promise<string[]>;
}

const AS_USUAL = { media: 'screen', colorScheme: 'light', forcedColors: 'none' } as const;
const LOOKS: readonly Look[] = [
  ...WIDTHS.map((width) => ({ name: `${width} px`, width, media: AS_USUAL })),
  ...WIDTHS_OF_AXE.flatMap((width): Look[] => [
    { name: `${width} px, light`, width, media: AS_USUAL, find: listFindingsOfAxe },
    // Another scheme changes colours alone.
    { name: `${width} px, dark`, width, media: { ...AS_USUAL, colorScheme: 'dark' }, find: (page) => listFindingsOfAxe(page, rulesOfContrast) },
    { name: `${width} px, forced colours`, width, media: { ...AS_USUAL, forcedColors: 'active' }, find: listFaintTexts },
  ]),
  { name: 'on paper', width: 1440, media: { ...AS_USUAL, media: 'print' }, find: listFaintTexts },
];

const DRAWN = 3;
const seed = process.env.E2E_AXE_SEED;

/** All of them with `make test-axe`; else some, others for each state and each seed. */
function drawLooksForState(state: State): readonly Look[] {
  if (seed === 'every') return LOOKS;
  const drawn = LOOKS.map((look) => ({ look, at: createHash('sha256').update(`${seed} ${state.name} ${look.name}`).digest('hex') }));
  return drawn.sort((a, b) => a.at.localeCompare(b.at)).slice(0, DRAWN).map(({ look }) => look);
}

async function listFindingsOfState(page: Page, state: State): Promise<string[]> {
  const findings: string[] = [];
  await page.evaluate(await axeSource);
  for (const { name, width, media, find } of drawLooksForState(state)) {
    await page.setViewportSize({ width, height: 900 });
    await emulateMediaAndSettle(page, media);
    const overflow = media === AS_USUAL ? await findOverflow(page) : null;
    const found = [...(overflow ? [overflow] : []), ...((await find?.(page)) ?? [])];
    findings.push(...found.map((finding) => `${state.name}, ${name} (E2E_AXE_SEED=${seed}): ${finding}`));
  }
  await emulateMediaAndSettle(page, AS_USUAL);
  await page.setViewportSize({ width: 1440, height: 900 });
  return findings;
}

let furnished: Promise<Castle> | null = null;

for (const area of areas) {
  test(`should be without findings at any width, in any scheme and medium: ${area.name}`, async ({ browser, server, openAs, actAs }) => {
    test.setTimeout(600_000);
    furnished ??= furnishCastle(actAs);
    const castle = await furnished;
    const page = area.who
      ? await openAs(area.who, '/incidents', { reducedMotion: 'reduce' })
      : await browser.newPage({ baseURL: server.url, reducedMotion: 'reduce' });
    for (const state of area.states) {
      await test.step(state.name, async () => {
        await state.show(page, castle);
        expect.soft(await listFindingsOfState(page, state)).toEqual([]);
        await state.leave?.(page, castle);
      });
    }
    await page.context().close();
  });
}

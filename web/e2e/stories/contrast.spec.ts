import type { Locator } from '@playwright/test';
import { expect, findRowByTitle, makeUniqueTitle, test } from '../harness/test';

/** The contrast of an element's letters with what is painted behind them, blended over all its ancestors (WCAG 2.2, 1.4.3). */
function measureContrastOfText(element: Locator): Promise<number> {
  return element.evaluate((node) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
    const layers: string[] = [];
    for (let at: Element | null = node; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    const paint = (colors: string[]) => {
      for (const color of colors) {
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
      }
      const linear = [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((byte) => {
        const part = byte / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
    };
    const behind = paint(['#fff', ...layers]);
    const letters = paint([getComputedStyle(node).color]);
    return (Math.max(behind, letters) + 0.05) / (Math.min(behind, letters) + 0.05);
  });
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const reducedMotion of ['no-preference', 'reduce'] as const) {
    test(`should keep a changed badge readable, ${colorScheme}, ${reducedMotion}`, async ({ openAs, actAs }) => {
      const percy = await actAs('percy');
      const incident = await percy.report({ title: makeUniqueTitle('It grows') });
      const page = await openAs('harry', '/incidents', { colorScheme, reducedMotion });
      await expect(findRowByTitle(page, incident.title)).toBeVisible();
      await percy.update(incident.id, { severity: 'CRITICAL', status: 'IN_PROGRESS' });
      const row = findRowByTitle(page, incident.title);
      for (const badge of [row.locator('[data-severity="CRITICAL"]'), row.locator('[data-status="IN_PROGRESS"]')]) {
        await expect(badge).toHaveCSS('outline-style', 'solid');
        expect(await measureContrastOfText(badge)).toBeGreaterThanOrEqual(4.5);
      }
    });
  }

  test(`should keep the chosen of a completion list and what is resolved readable, ${colorScheme}`, async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Read me') });
    const page = await openAs('harry', `/incidents/${incident.id}`, { colorScheme, reducedMotion: 'reduce' });
    await page.getByLabel('Write a comment').pressSequentially('@ron');
    const chosen = page.locator('[role="option"][data-combobox-selected]');
    await expect(chosen).toBeVisible();
    for (const words of [chosen.getByText('Ron Weasley'), chosen.getByText('@ron.weasley')])
      expect(await measureContrastOfText(words)).toBeGreaterThanOrEqual(4.5);
    await percy.resolve(incident.id, 'It is read');
    const title = page.getByTestId('resolution').getByText('Resolved', { exact: true });
    await expect(title).toBeVisible();
    expect(await measureContrastOfText(title)).toBeGreaterThanOrEqual(4.5);
  });
}

import type { Locator, Page } from '@playwright/test';

type Measure = (element: Element) => number;

/**
 * Gives the page a measure of the contrast of an element's letters with what is painted behind them, blended over all its ancestors
 * (WCAG 2.2, 1.4.3). Axe reads colours from before the browser puts the person's own in their place.
 */
function installMeasureInPage(): void {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
  const readLuminance = (colors: string[]): number => {
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
  (window as unknown as { measureContrast: Measure }).measureContrast = (element) => {
    const layers: string[] = [];
    for (let at: Element | null = element; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    const behind = readLuminance(['#fff', ...layers]);
    const letters = readLuminance([getComputedStyle(element).color]);
    return (Math.max(behind, letters) + 0.05) / (Math.min(behind, letters) + 0.05);
  };
}

export async function measureContrastOfText(element: Locator): Promise<number> {
  await element.page().evaluate(installMeasureInPage);
  return element.evaluate((node) => (window as unknown as { measureContrast: Measure }).measureContrast(node));
}

/** Words that cannot be read, but of what cannot be used anyway. */
export async function listFaintTexts(page: Page): Promise<string[]> {
  await page.evaluate(installMeasureInPage);
  return page.evaluate(() => {
    const LEAST = 4.5;
    const { measureContrast } = window as unknown as { measureContrast: Measure };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const elements = new Set<Element>();
    while (walker.nextNode()) if (walker.currentNode.textContent?.trim()) elements.add(walker.currentNode.parentElement!);
    return [...elements]
      .filter((each) => each.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !each.closest(':disabled, [data-disabled], style, script'))
      .map((each) => ({ words: each.textContent!.slice(0, 60), contrast: measureContrast(each) }))
      .filter(({ contrast }) => contrast < LEAST)
      .map(({ words, contrast }) => `"${words}" has a contrast of ${contrast.toFixed(1)}`);
  });
}

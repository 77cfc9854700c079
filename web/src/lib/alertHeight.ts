import { useMediaQuery } from '@mantine/hooks';
import { createStoreWithListeners } from '@owlpost/client';
import { useStore } from './store';

/** How high the alert bar is, in pixels: what opens below the header opens below it. */
const heightStore = createStoreWithListeners(0);

/** What of the header is below its buttons, in pixels: on a phone the counts are there. */
const BELOW_BUTTONS = { narrow: 40, wide: 6 };

/** Dialogs know it as `--alert-height` and `--alert-shown` (1 or 0). */
export function setHeightOfAlerts(pixels: number): void {
  const { style } = document.documentElement;
  style.setProperty('--alert-height', `${pixels}px`);
  style.setProperty('--alert-shown', pixels > 0 ? '1' : '0');
  heightStore.set(pixels);
}

/** How far what opens at a button of the header must be away from it to leave the alerts in sight; 0 without any. */
export function useAlertHeight(): number {
  const height = useStore(heightStore);
  const narrow = useMediaQuery('(width < 48em)') ?? false;
  if (height === 0) return 0;
  return height + (narrow ? BELOW_BUTTONS.narrow : BELOW_BUTTONS.wide);
}

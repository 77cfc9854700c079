import type { MantineColorScheme } from '@mantine/core';
import { changeSettingsOfThisBrowser, type SoundChoice } from '../../lib/settings';
import { previewSoundAfterChoice } from '../../lib/sound';

export const schemes: readonly [MantineColorScheme, string][] = [
  ['auto', 'Like the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

export const sounds: readonly [SoundChoice, string][] = [
  ['all', 'Everything new'],
  ['urgent', 'Urgent only'],
  ['off', 'Off'],
];

export function chooseSoundForThisBrowser(sound: SoundChoice): void {
  changeSettingsOfThisBrowser({ sound });
  if (sound !== 'off') previewSoundAfterChoice();
}

export function chooseSingleKeysForThisBrowser(singleKeys: boolean): void {
  changeSettingsOfThisBrowser({ singleKeys });
}

export function chooseRepeatsForThisBrowser(repeats: boolean): void {
  changeSettingsOfThisBrowser({ repeats });
}

import type { MantineColorScheme } from '@mantine/core';
import { settingsStore, type SoundChoice } from '../../lib/settings';
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
  settingsStore.set({ ...settingsStore.get(), sound });
  if (sound !== 'off') previewSoundAfterChoice();
}

export function chooseSingleKeysForThisBrowser(singleKeys: boolean): void {
  settingsStore.set({ ...settingsStore.get(), singleKeys });
}

export function chooseRepeatsForThisBrowser(repeats: boolean): void {
  settingsStore.set({ ...settingsStore.get(), repeats });
}

import { useSyncExternalStore } from 'react';
import { createPersistedStoreForKey } from './persistedStore';

/** When Owl Post makes itself heard. */
export type SoundChoice = 'all' | 'urgent' | 'off';

export interface Settings {
  sound: SoundChoice;
  /** Whether the tune of an alert is repeated until it is seen. */
  repeats: boolean;
  /** Whether a letter alone is a shortcut. */
  singleKeys: boolean;
}

function parseStoredSettingsOrDefault(stored: unknown): Settings {
  const { sound, repeats, singleKeys } = (stored as Partial<Settings> | null) ?? {};
  return { sound: sound === 'all' || sound === 'off' ? sound : 'urgent', repeats: repeats !== false, singleKeys: singleKeys !== false };
}

export const settingsStore = createPersistedStoreForKey('owlpost.settings', parseStoredSettingsOrDefault);

export function changeSettingsOfThisBrowser(changed: Partial<Settings>): void {
  settingsStore.set({ ...settingsStore.get(), ...changed });
}

export function useSettings(): Settings {
  return useSyncExternalStore(settingsStore.subscribe, settingsStore.get);
}

import { useSyncExternalStore } from 'react';
import { createPersistedStoreForKey } from './persistedStore';

/** When Owl Post makes itself heard. */
export type SoundChoice = 'all' | 'urgent' | 'off';

export interface Settings {
  sound: SoundChoice;
}

function parseStoredSettingsOrDefault(stored: unknown): Settings {
  const sound = (stored as Partial<Settings> | null)?.sound;
  return { sound: sound === 'all' || sound === 'off' ? sound : 'urgent' };
}

export const settingsStore = createPersistedStoreForKey('owlpost.settings', parseStoredSettingsOrDefault);

export function useSettings(): Settings {
  return useSyncExternalStore(settingsStore.subscribe, settingsStore.get);
}

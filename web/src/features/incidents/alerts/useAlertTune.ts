import { useEffect, useRef } from 'react';
import { useSettings } from '../../../lib/settings';
import { playSoundIfUserAllows, useSoundBlocked } from '../../../lib/sound';

const REPEAT_MS = 6_000;

/**
 * Plays the tune for each alert that is new to this tab, and again until one of those waiting was seen. While the browser allows no
 * sound it waits: the first gesture plays it. True while somebody must be told that.
 */
export function useAlertTune(unseenIds: readonly string[]): boolean {
  const { sound, repeats } = useSettings();
  const blocked = useSoundBlocked();
  const played = useRef(new Set<string>());
  const key = unseenIds.join(' ');
  useEffect(() => {
    if (blocked || key === '') return;
    const ids = key.split(' ');
    if (ids.some((id) => !played.current.has(id))) playSoundIfUserAllows('urgent');
    ids.forEach((id) => played.current.add(id));
    if (!repeats) return;
    const timer = setInterval(() => playSoundIfUserAllows('urgent'), REPEAT_MS);
    return () => clearInterval(timer);
  }, [blocked, key, repeats]);
  return blocked && sound !== 'off';
}

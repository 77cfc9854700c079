import { createListeners } from '@owlpost/client';
import { settingsStore } from './settings';
import { useStore } from './store';

/** A soft double hoot for news, a rising triple for emergencies. Frequencies in Hz, times in seconds. */
const TUNES = {
  news: [
    { at: 0, frequency: 523, length: 0.14 },
    { at: 0.16, frequency: 392, length: 0.2 },
  ],
  urgent: [
    { at: 0, frequency: 660, length: 0.16 },
    { at: 0.2, frequency: 880, length: 0.16 },
    { at: 0.4, frequency: 1100, length: 0.3 },
  ],
} as const;

const QUIET_MS = 1_500;
let context: AudioContext | null = null;
let lastPlayedAt = 0;
const block = createListeners();

function openSpeakerOfPage(): AudioContext | null {
  if (context === null && typeof AudioContext !== 'undefined') {
    context = new AudioContext();
    context.onstatechange = block.tell;
  }
  return context;
}

/** Browsers let a page make sound only after a gesture: the first one readies the speaker. */
export function readySoundAtFirstGesture(): () => void {
  const ready = () => {
    void openSpeakerOfPage()?.resume();
  };
  const options = { once: true, capture: true } as const;
  window.addEventListener('pointerdown', ready, options);
  window.addEventListener('keydown', ready, options);
  return () => {
    window.removeEventListener('pointerdown', ready, options);
    window.removeEventListener('keydown', ready, options);
  };
}

export function isSoundBlockedByBrowser(): boolean {
  return context === null || context.state !== 'running';
}

function playNotesOfTune(audio: AudioContext, tune: keyof typeof TUNES): void {
  for (const note of TUNES[tune]) {
    const start = audio.currentTime + note.at;
    const oscillator = audio.createOscillator();
    const gain = audio.createGain();
    oscillator.type = 'sine';
    oscillator.frequency.value = note.frequency;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(0.18, start + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + note.length);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(start);
    oscillator.stop(start + note.length + 0.05);
  }
}

/** Plays a tune when the setting and the browser allow it; a burst of events is one tune. */
export function playSoundIfUserAllows(tune: keyof typeof TUNES): void {
  const { sound } = settingsStore.get();
  if (sound === 'off' || (sound === 'urgent' && tune === 'news')) return;
  if (!context || context.state !== 'running') return;
  const now = Date.now();
  if (tune === 'news' && now - lastPlayedAt < QUIET_MS) return;
  lastPlayedAt = now;
  playNotesOfTune(context, tune);
}

/** Lets a person hear a choice when they make it (the click is the gesture the browser asks for). */
export function previewSoundAfterChoice(): void {
  playSoundAfterGesture('news');
}

/** Plays a tune in a gesture, which is what the browser asks for. */
export function playSoundAfterGesture(tune: keyof typeof TUNES): void {
  const audio = openSpeakerOfPage();
  void audio?.resume().then(() => playNotesOfTune(audio, tune));
}

/** Whether the browser keeps the page silent, until somebody does something on it. */
export function useSoundBlocked(): boolean {
  return useStore({ get: isSoundBlockedByBrowser, subscribe: block.subscribe });
}

import type { CSSProperties } from 'react';

/** Text on a tinted badge, dark enough (or light enough at night) to be read at that size: 4.5 to 1 and better. */
const readable: Record<string, string> = {
  gray: 'light-dark(#343a40, #dee2e6)',
  orange: 'light-dark(#8a3206, #ffd8a8)',
  red: 'light-dark(#9b1c1c, #ffc9c9)',
  blue: 'light-dark(#114e88, #a5d8ff)',
  violet: 'light-dark(#4c2fa8, #d0bfff)',
  green: 'light-dark(#1b5e2b, #b2f2bb)',
  teal: 'light-dark(#05543c, #96f2d7)',
  yellow: 'light-dark(#6b4300, #ffec99)',
};

export function styleReadableBadgeText(color: string): CSSProperties {
  return { '--badge-color': readable[color] } as CSSProperties;
}

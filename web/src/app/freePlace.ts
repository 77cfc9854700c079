/** A stretch of the window from top to bottom, in px. */
export interface Span {
  top: number;
  bottom: number;
}

interface Wish {
  /** Where there may be something at all. */
  room: Span;
  /** What must be left in sight. */
  taken: readonly Span[];
  /** Which end of the room comes first. */
  from: 'top' | 'bottom';
}

/** The top of the place of so many px that is nearest to an end of the room and covers nothing; `null` when there is none. */
export function findFreePlace(height: number, { room, taken, from }: Wish): number | null {
  const isTop = from === 'top';
  const tops = isTop ? [room.top, ...taken.map(({ bottom }) => bottom)] : [room.bottom, ...taken.map(({ top }) => top)].map((bottom) => bottom - height);
  const isFree = (top: number) =>
    top >= room.top && top + height <= room.bottom && taken.every((each) => top >= each.bottom || top + height <= each.top);
  return tops.sort((a, b) => (isTop ? a - b : b - a)).find(isFree) ?? null;
}

/** How many of the toasts, the newest first, have a place together, and which: as many as can be. */
export function findPlaceForMost(heights: readonly number[], wish: Wish): { count: number; top: number; height: number } | null {
  for (let count = heights.length; count > 0; count -= 1) {
    const height = heights.slice(0, count).reduce((sum, each) => sum + each, 0);
    const top = findFreePlace(height, wish);
    if (top !== null) return { count, top, height };
  }
  return null;
}

import { describe, expect, it } from 'vitest';
import { findFreePlace, findPlaceForMost } from './freePlace';

const room = { top: 100, bottom: 700 };
const composer = { top: 550, bottom: 700 };
const notice = { top: 120, bottom: 300 };

describe('the place of toasts', () => {
  it('should be at the end of the room that comes first, when nothing is there', () => {
    expect(findFreePlace(90, { room, taken: [composer], from: 'top' })).toBe(100);
    expect(findFreePlace(90, { room, taken: [notice], from: 'bottom' })).toBe(610);
  });

  it('should be behind what must be seen, as near as can be', () => {
    expect(findFreePlace(90, { room, taken: [composer, notice], from: 'top' })).toBe(300);
    expect(findFreePlace(90, { room, taken: [composer, notice], from: 'bottom' })).toBe(460);
    // One px more than there is between them.
    expect(findFreePlace(250, { room, taken: [composer, notice], from: 'top' })).toBe(300);
    expect(findFreePlace(251, { room, taken: [composer, notice], from: 'top' })).toBeNull();
  });

  it('should have nothing to do with what is out of the room', () => {
    expect(findFreePlace(90, { room, taken: [{ top: -50, bottom: 100 }, { top: 700, bottom: 900 }], from: 'top' })).toBe(100);
    expect(findFreePlace(90, { room, taken: [{ top: 0, bottom: 900 }], from: 'bottom' })).toBeNull();
  });

  it('should be for as many as have room together, the newest first', () => {
    const wish = { room, taken: [composer, notice], from: 'top' } as const;
    expect(findPlaceForMost([100, 150], wish)).toEqual({ count: 2, top: 300, height: 250 });
    expect(findPlaceForMost([100, 151], wish)).toEqual({ count: 1, top: 300, height: 100 });
    expect(findPlaceForMost([251, 10], wish)).toBeNull();
    expect(findPlaceForMost([], wish)).toBeNull();
  });
});

import { notifications, notificationsStore, useNotifications } from '@mantine/notifications';
import { useEffectEvent, useLayoutEffect, type RefObject } from 'react';
import { findFreePlace, findPlaceForMost, type Span } from './freePlace';

/** On what needs an answer, and where people write. */
const NEVER_COVERED = '[data-never-covered]';
const GAP_PX = 12;
/** Between two of them, and below the last. */
const GAP_OF_TOASTS_PX = 16;

/** What is behind an open dialog is covered already. */
function listSpansNeverCovered(toasts: DOMRect): Span[] {
  const front = [...document.querySelectorAll('[role="dialog"][aria-modal="true"]')].at(-1) ?? document;
  return [...front.querySelectorAll(NEVER_COVERED)]
    .map((element) => element.getBoundingClientRect())
    .filter(({ width, left, right }) => width > 0 && left < toasts.right && right > toasts.left)
    .map(({ top, bottom }) => ({ top: top - GAP_PX, bottom: bottom + GAP_PX }));
}

function measureRoomOfToasts(): Span {
  // Its buttons say how true the page is.
  const header = document.querySelector('.mantine-AppShell-header')?.getBoundingClientRect().bottom ?? 0;
  return { top: header + GAP_PX, bottom: window.innerHeight - GAP_PX };
}

/** Those beyond it wait, and their time with them. */
function setMostShownAtOnce(limit: number): void {
  notificationsStore.updateState((state) => ({ ...state, limit }));
  notifications.updateState(notificationsStore, (all) => all);
}

interface Props {
  section: RefObject<HTMLElement | null>;
  from: 'top' | 'bottom';
  most: number;
}

/**
 * Keeps toasts where they cover nothing that must be left in sight, wherever that goes while people scroll and write. What has no place
 * waits until there is one. Their place is `--toasts-edge`, in px from the end of the window that they are at.
 */
export function ToastPlace({ section, from, most }: Props) {
  const { notifications: shown, queue } = useNotifications();
  const hasToasts = shown.length + queue.length > 0;

  const place = useEffectEvent((neededPx: number): number => {
    const toasts = [...(section.current?.querySelectorAll('.mantine-Notification-root') ?? [])];
    // Those that come and go are as high as they will be and were.
    const heights = toasts.map((each) => each.scrollHeight + GAP_OF_TOASTS_PX);
    const container = section.current?.querySelector(from === 'top' ? '[data-position="top-center"]' : '[data-position="bottom-right"]');
    if (!container) return neededPx;
    const wish = { room: measureRoomOfToasts(), taken: listSpansNeverCovered(container.getBoundingClientRect()), from };
    const found = findPlaceForMost(heights, wish);
    const { limit, queue: waiting } = notificationsStore.getState();
    const count = found?.count ?? 0;
    if (found) {
      const edge = from === 'top' ? found.top : window.innerHeight - found.top - found.height;
      section.current?.style.setProperty('--toasts-edge', `${Math.round(edge)}px`);
    }
    if (count < heights.length) {
      if (limit > count) setMostShownAtOnce(count);
      return Math.max(heights[count] ?? 0, neededPx);
    }
    if (waiting.length > 0 && limit < most && findFreePlace((found?.height ?? 0) + neededPx, wish) !== null) setMostShownAtOnce(limit + 1);
    return neededPx;
  });

  useLayoutEffect(() => {
    if (!hasToasts) return;
    let neededPx = 0;
    let frame = 0;
    const placeAtEveryFrame = () => {
      neededPx = place(neededPx);
      frame = requestAnimationFrame(placeAtEveryFrame);
    };
    placeAtEveryFrame();
    return () => {
      cancelAnimationFrame(frame);
      // Whatever comes next is shown, and looked at, first.
      setMostShownAtOnce(most);
    };
  }, [hasToasts, most, from]);
  return null;
}

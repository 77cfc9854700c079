import { defaultRangeExtractor, type Range, useWindowVirtualizer, type VirtualItem } from '@tanstack/react-virtual';
import { useCallback, useLayoutEffect, useRef, useState, type FocusEvent, type RefObject } from 'react';
import { IncidentRow } from './IncidentRow';
import type { IncidentRowsProps } from './IncidentRows';
import classes from './IncidentList.module.css';

const USUAL_ROW_PX = 84;
/** Beyond the screen at each end: Tab and the keys of the list find the next row there before it is in view. */
const OVERSCAN_ROWS = 5;

/** How high rows were when the list was last left: whoever comes back finds them where they were. */
let lastMeasurements: VirtualItem[] = [];

/** How far down the page an element begins; what is above it may grow at any time. */
function useDistanceFromTop(element: RefObject<HTMLElement | null>): number {
  const [distance, setDistance] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      if (element.current) setDistance(Math.round(element.current.getBoundingClientRect().top + window.scrollY));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [element]);
  return distance;
}

/**
 * Only the rows around the screen are in the page, in its flow and between two spacers: so the browser itself keeps what is read where
 * it is while rows arrive above it. The row that has the focus stays in the page wherever it is.
 */
export function VirtualIncidentRows({ incidents, hasMore, start }: IncidentRowsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string | null>(start?.incidentId ?? null);
  const focusedAt = focused === null ? -1 : incidents.findIndex(({ id }) => id === focused);
  const virtualizer = useWindowVirtualizer({
    count: incidents.length,
    estimateSize: () => USUAL_ROW_PX,
    overscan: OVERSCAN_ROWS,
    scrollMargin: useDistanceFromTop(frame),
    getItemKey: useCallback((at: number) => incidents[at]?.id ?? at, [incidents]),
    rangeExtractor: useCallback(
      (range: Range) => {
        const shown = defaultRangeExtractor(range);
        return focusedAt < 0 || shown.includes(focusedAt) ? shown : [...shown, focusedAt].sort((a, b) => a - b);
      },
      [focusedAt],
    ),
    initialMeasurementsCache: lastMeasurements,
    // Known before the first drawing, so that there are rows to stand in.
    initialOffset: start?.scrollY ?? window.scrollY,
    initialRect: { width: window.innerWidth, height: window.innerHeight },
  });
  // The browser does, and two would do it twice. The library has no option for it.
  // eslint-disable-next-line react-hooks/immutability
  virtualizer.shouldAdjustScrollPositionOnItemSizeChange = () => false;
  useLayoutEffect(
    () => () => {
      lastMeasurements = virtualizer.takeSnapshot();
    },
    [virtualizer],
  );
  const noteFocus = (event: FocusEvent) => setFocused((event.target as Element).closest<HTMLElement>('[data-incident-id]')?.dataset.incidentId ?? null);

  const { scrollMargin } = virtualizer.options;
  const items = virtualizer.getVirtualItems();
  const end = items.at(-1)?.end ?? scrollMargin;
  return (
    <div ref={frame}>
      <div style={{ height: (items[0]?.start ?? scrollMargin) - scrollMargin }} />
      <ul className={classes.list} aria-label="Incidents" onFocus={noteFocus} onBlur={() => setFocused(null)}>
        {items.map(({ key, index, start: top }, at) => {
          const incident = incidents[index];
          const gap = at === 0 ? 0 : top - (items[at - 1]?.end ?? top);
          return (
            incident && (
              <li
                key={key}
                ref={virtualizer.measureElement}
                data-index={index}
                aria-posinset={index + 1}
                aria-setsize={hasMore ? -1 : incidents.length}
                style={gap > 0 ? { marginTop: gap } : undefined}
              >
                <IncidentRow incident={incident} />
              </li>
            )
          );
        })}
      </ul>
      <div style={{ height: virtualizer.getTotalSize() + scrollMargin - end }} />
    </div>
  );
}

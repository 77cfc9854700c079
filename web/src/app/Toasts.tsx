import { useMediaQuery } from '@mantine/hooks';
import { Notifications } from '@mantine/notifications';
import { useRef } from 'react';
import { ToastPlace } from './ToastPlace';
import classes from './Toasts.module.css';

/** As wide as the right side that the composer of comments leaves free from here on. */
const WIDE = '(min-width: 80em)';
const WIDTH_PX = 320;
const MOST = { wide: 4, narrow: 2 };

/** Where toasts stand: at the right side below, and where that would be over the composer, on top. */
export function Toasts() {
  const wide = useMediaQuery(WIDE) ?? true;
  const section = useRef<HTMLElement>(null);
  const most = wide ? MOST.wide : MOST.narrow;
  return (
    // A landmark, so that readers find them; what they say is said by the live region.
    <section aria-label="Messages" ref={section}>
      <Notifications
        withinPortal={false}
        position={wide ? 'bottom-right' : 'top-center'}
        limit={most}
        containerWidth={wide ? WIDTH_PX : undefined}
        autoClose={6_000}
        zIndex={400}
        className={classes.placed}
      />
      <ToastPlace section={section} from={wide ? 'bottom' : 'top'} most={most} />
    </section>
  );
}

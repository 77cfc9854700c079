import { VisuallyHidden } from '@mantine/core';
import { useAnnouncements } from '../lib/announcer';

/** The one voice of the page: what is added is said, each once. */
export function LiveRegion() {
  return (
    <VisuallyHidden role="status" aria-live="polite" aria-atomic="false" aria-relevant="additions">
      {useAnnouncements().map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </VisuallyHidden>
  );
}

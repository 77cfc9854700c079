import { VisuallyHidden } from '@mantine/core';
import { useAnnouncement } from '../lib/announcer';

export function LiveRegion() {
  const text = useAnnouncement();
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {text}
    </VisuallyHidden>
  );
}

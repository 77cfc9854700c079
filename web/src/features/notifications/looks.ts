import type { NotificationType } from '@owlpost/client';
import { IconAlertTriangle, IconAt, IconFlame, IconUserCheck } from '@tabler/icons-react';

export const notificationLooks: Record<NotificationType, { icon: typeof IconAt; color: string; name: string }> = {
  mention: { icon: IconAt, color: 'indigo', name: 'Mention' },
  assignment: { icon: IconUserCheck, color: 'teal', name: 'Assignment' },
  escalation: { icon: IconFlame, color: 'red', name: 'Escalation' },
  system: { icon: IconAlertTriangle, color: 'orange', name: 'Server' },
};

/** Where a notification leads. Notices of the server are of webhooks that it does not call any more. */
export function findPlaceOfNotification(type: NotificationType, link: string | null): string | null {
  return link || (type === 'system' ? '/outlets' : null);
}

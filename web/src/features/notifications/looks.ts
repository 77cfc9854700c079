import type { NotificationType } from '@owlpost/client';
import { IconAlertTriangle, IconAt, IconFlame, IconUserCheck } from '@tabler/icons-react';

export const notificationLooks: Record<NotificationType, { icon: typeof IconAt; color: string; name: string }> = {
  mention: { icon: IconAt, color: 'indigo', name: 'Mention' },
  assignment: { icon: IconUserCheck, color: 'teal', name: 'Assignment' },
  escalation: { icon: IconFlame, color: 'red', name: 'Escalation' },
  system: { icon: IconAlertTriangle, color: 'orange', name: 'Server' },
};

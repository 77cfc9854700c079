import type { NotificationType, Severity } from '@owlpost/client';

/** What the server pushes, as `docs/INTEGRATIONS.md` has it. */
export interface PushedNotification {
  title: string;
  body: string;
  severity: Severity;
  type: NotificationType;
  incidentId: string;
  notificationId: string;
  mayBeTaken: boolean;
}

/** What the service worker tells a page when somebody has clicked a notification. */
export interface PagePushMessage {
  kind: 'owlpost-incident';
  incidentId: string;
  /** Whether they want to take it. */
  take: boolean;
}

/** The page is ready to be told. */
export const pageIsReady = { kind: 'owlpost-ready' } as const;

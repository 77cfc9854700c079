import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { notificationKeys, type NotificationPages } from '../entities/notification';
import { readIncidentFromLink } from '../lib/eventSubject';

/** Unread notifications that are loaded, by the incident they are about. */
export function listUnreadByIncident(pages: NotificationPages | undefined): ReadonlyMap<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { id, isRead, link } of pages?.pages.flatMap((page) => page.notifications) ?? []) {
    const incident = !isRead && link ? readIncidentFromLink(link) : null;
    if (incident) found.set(incident, [...(found.get(incident) ?? []), id]);
  }
  return found;
}

/** The same, as the bell's list has them. */
export function useUnreadByIncident(): ReadonlyMap<string, string[]> {
  const { data } = useQuery<NotificationPages>({ queryKey: notificationKeys.all, enabled: false });
  return useMemo(() => listUnreadByIncident(data), [data]);
}

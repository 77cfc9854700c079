import { Anchor } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { findIncidentInCache } from '../../entities/incident';
import type { Durable, Incident, IncidentCreated, IncidentResolved, IncidentUpdated } from '../../generated';
import { useCurrentUser } from '../../lib/session';
import { playSoundIfUserAllows } from '../../lib/sound';
import { useDomainEvents } from '../../realtime';
import { ToastBurst } from './ToastBurst';
import { describeChangeInWords } from './changes';

const MOST_AT_ONCE = 3;
const BURST_MS = 4_000;

function linkIncidentByTitle(id: string, title: string): ReactNode {
  return (
    <Anchor component={Link} to={`/incidents/${id}`} size="sm">
      {title}
    </Anchor>
  );
}

function showNewIncidentAsToast({ incident, createdBy }: IncidentCreated, burst: ToastBurst): void {
  const gathered = burst.countNewsInWindow();
  if (gathered > 0) {
    const toast = { id: 'incident-burst', color: 'indigo', title: `${gathered} more new incidents`, message: 'See the list' };
    if (gathered === 1) notifications.show({ ...toast, title: '1 more new incident' });
    else notifications.update(toast);
    return;
  }
  notifications.show({
    id: `created-${incident.id}`,
    color: 'indigo',
    title: `New incident from ${createdBy.name}`,
    message: linkIncidentByTitle(incident.id, incident.title),
  });
}

function showUpdateAsToast({ incidentId, changes, updatedBy, eventId }: IncidentUpdated & Durable, known: Incident): void {
  const what = describeChangeInWords(changes);
  if (!what || changes.status === 'RESOLVED') return;
  notifications.show({
    id: `updated-${eventId}`,
    color: 'blue',
    title: `${updatedBy.name} ${what}`,
    message: linkIncidentByTitle(incidentId, known.title),
  });
}

function showResolvedAsToast({ incidentId, resolvedBy, resolution }: IncidentResolved, known: Incident): void {
  notifications.show({
    id: `resolved-${incidentId}`,
    color: 'green',
    title: `${resolvedBy.name} resolved ${known.title}`,
    message: resolution || linkIncidentByTitle(incidentId, 'Open it'),
  });
}

/** Turns what others do into toasts and sounds: new incidents for everybody, changes for who watches. */
export function IncidentToasts() {
  const me = useCurrentUser();
  const client = useQueryClient();
  const { pathname } = useLocation();
  const [burst] = useState(() => new ToastBurst(MOST_AT_ONCE, BURST_MS));
  const isWatching = (known: Incident) =>
    pathname === `/incidents/${known.id}` || known.reportedBy.id === me.id || known.assignee?.id === me.id;

  useDomainEvents((event, { replayed }) => {
    if (replayed) return;
    // What is critical stands in the alert bar until somebody has it.
    const isAlert = event.name === 'incident:created' && event.payload.incident.severity === 'CRITICAL';
    if (event.name === 'incident:created' && !isAlert && event.payload.createdBy.id !== me.id) {
      showNewIncidentAsToast(event.payload, burst);
      playSoundIfUserAllows('news');
    }
    if (event.name === 'incident:updated' && event.payload.updatedBy.id !== me.id) {
      const known = findIncidentInCache(client, event.payload.incidentId);
      if (known && isWatching(known)) showUpdateAsToast(event.payload, known);
    }
    if (event.name === 'incident:resolved' && event.payload.resolvedBy.id !== me.id) {
      const known = findIncidentInCache(client, event.payload.incidentId);
      if (known && isWatching(known)) showResolvedAsToast(event.payload, known);
    }
  });
  return null;
}

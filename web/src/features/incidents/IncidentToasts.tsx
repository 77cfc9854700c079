import { Anchor } from '@mantine/core';
import type { Incident, IncidentCreated, IncidentResolved, IncidentUpdated, User } from '@owlpost/client';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { findIncidentInCache } from '../../entities/incident';
import { formatCountWithNoun } from '../../lib/labels';
import { useCurrentUser } from '../../lib/session';
import { playSoundIfUserAllows } from '../../lib/sound';
import { hideToastWithId, showToastOnTop } from '../../lib/toasts';
import { useDomainEvents } from '../../realtime';
import { GatheredChanges, ToastBurst } from './ToastBurst';
import { describeChangeInWords } from './changes';

const MOST_AT_ONCE = 3;
const BURST_MS = 4_000;
/** As long as a toast stays. */
const GATHER_MS = 6_000;

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
    const title = formatCountWithNoun(gathered, 'more new incident');
    showToastOnTop({ id: 'incident-burst', color: 'indigo', title, message: 'See the list' });
    return;
  }
  showToastOnTop({
    id: `created-${incident.id}`,
    color: 'indigo',
    title: `New incident from ${createdBy.name}`,
    message: linkIncidentByTitle(incident.id, incident.title),
    words: `New incident from ${createdBy.name}. ${incident.title}`,
  });
}

/** Changes of one incident share a toast: the latest in words, and how many there were. */
function showUpdateAsToast({ incidentId, changes, updatedBy }: IncidentUpdated, known: Incident, count: number): void {
  showToastOnTop({
    id: `updated-${incidentId}`,
    color: 'blue',
    title: `${updatedBy.name} ${describeChangeInWords(changes)}`,
    message: (
      <>
        {linkIncidentByTitle(incidentId, known.title)}
        {count > 1 && ` (${count} changes)`}
      </>
    ),
    words: `${updatedBy.name} ${describeChangeInWords(changes)}. ${known.title}`,
  });
}

function showResolvedAsToast({ incidentId, resolvedBy, resolution }: IncidentResolved, known: Incident): void {
  hideToastWithId(`updated-${incidentId}`);
  showToastOnTop({
    id: `resolved-${incidentId}`,
    color: 'green',
    title: `${resolvedBy.name} resolved ${known.title}`,
    message: resolution || linkIncidentByTitle(incidentId, 'Open it'),
  });
}

/** What a notification of one's own says already, or nobody needs to be told. */
function isWorthToast({ changes }: IncidentUpdated, me: User): boolean {
  const { assignee, ...others } = changes;
  const told = assignee?.id === me.id ? { ...others, status: undefined } : changes;
  return changes.status !== 'RESOLVED' && describeChangeInWords(told) !== '';
}

/** Turns what others do into toasts and sounds: new incidents for everybody, changes for who watches. */
export function IncidentToasts() {
  const me = useCurrentUser();
  const client = useQueryClient();
  const { pathname } = useLocation();
  const [burst] = useState(() => new ToastBurst(MOST_AT_ONCE, BURST_MS));
  const [gathered] = useState(() => new GatheredChanges(GATHER_MS));
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
      if (known && isWatching(known) && isWorthToast(event.payload, me)) {
        showUpdateAsToast(event.payload, known, gathered.countChangeOfIncident(known.id));
      }
    }
    if (event.name === 'incident:resolved' && event.payload.resolvedBy.id !== me.id) {
      const known = findIncidentInCache(client, event.payload.incidentId);
      if (known && isWatching(known)) showResolvedAsToast(event.payload, known);
    }
  });
  return null;
}

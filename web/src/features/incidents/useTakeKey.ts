import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { mayUserAcknowledgeIncident, findIncidentInCache } from '../../entities/incident';
import { useCurrentUser } from '../../lib/session';
import { isIncidentToBeTaken } from './TakeItButton';
import { useAcknowledgeIncident } from './api/acknowledgeIncident';

/** The incident a key is meant for: the one the focus is in, else that of the page, else the first alert. */
function findIncidentOfKey(): string | undefined {
  const focused = document.activeElement?.closest<HTMLElement>('[data-incident-id]')?.dataset.incidentId;
  const ofPage = /\/incidents\/([0-9a-f-]{36})/.exec(window.location.pathname)?.[1];
  return focused ?? ofPage ?? document.querySelector<HTMLElement>('[data-testid="alert"]')?.dataset.incidentId;
}

/** What `t` does: takes an incident. */
export function useTakeKey(): () => void {
  const client = useQueryClient();
  const me = useCurrentUser();
  const { mutate } = useAcknowledgeIncident();
  return useCallback(() => {
    const id = findIncidentOfKey();
    const incident = id && findIncidentInCache(client, id);
    if (incident && isIncidentToBeTaken(incident) && mayUserAcknowledgeIncident(me, incident)) mutate(incident);
  }, [client, me, mutate]);
}

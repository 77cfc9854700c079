import { useEffect, useEffectEvent } from 'react';
import { useNavigate } from 'react-router';
import { fetchIncidentById } from '../entities/incident';
import { useAcknowledgeIncident } from '../features/incidents';
import { describeErrorForPeople } from '../lib/apiError';
import { pageIsReady, type PagePushMessage } from '../lib/pushMessages';
import { renewPushesAfterSignIn } from '../lib/pushSubscription';
import { useCurrentUser } from '../lib/session';
import { showFailureAsToast } from '../lib/toasts';

/** Does what somebody has clicked in a notification of their system. */
export function usePushedIncidents(): void {
  const me = useCurrentUser();
  const navigate = useNavigate();
  const { mutate: take } = useAcknowledgeIncident();
  const follow = useEffectEvent(({ incidentId, take: wantsIt }: PagePushMessage) => {
    void navigate(`/incidents/${incidentId}`);
    // Asked of the server, as the list may not know it, or not as it is.
    if (wantsIt) fetchIncidentById(incidentId).then(take, (error) => showFailureAsToast('It was not taken', describeErrorForPeople(error)));
  });
  useEffect(() => {
    const worker = navigator.serviceWorker;
    if (!worker) return;
    const listen = ({ data }: MessageEvent) => {
      if ((data as PagePushMessage | null)?.kind === 'owlpost-incident') follow(data as PagePushMessage);
    };
    worker.addEventListener('message', listen);
    worker.startMessages();
    worker.controller?.postMessage(pageIsReady);
    return () => worker.removeEventListener('message', listen);
  }, []);
  useEffect(() => {
    renewPushesAfterSignIn(me.id).catch(() => undefined);
  }, [me.id]);
}

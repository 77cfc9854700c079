import { useEffect, useState } from 'react';
import { useConnection } from './context';

const PATIENCE_MS = 1_500;

/**
 * Views an incident: its room is joined while the page is open. `settled` says when to fetch what the room keeps
 * current: fetching after joining leaves no gap for a comment to fall into.
 */
export function useIncidentRoom(incidentId: string): { settled: boolean } {
  const connection = useConnection();
  const [settledId, setSettledId] = useState<string | null>(null);
  useEffect(() => {
    const settle = () => setSettledId(incidentId);
    const timer = setTimeout(settle, PATIENCE_MS);
    const leave = connection.viewIncidentWhileOpen(incidentId, settle);
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [connection, incidentId]);
  return { settled: settledId === incidentId };
}

import { useCallback, useEffect, useRef } from 'react';
import { useConnection } from './context';

/** A start keeps the indicator alive for 3 s on the server: repeat it well before. */
const REPEAT_MS = 1_000;

export interface TypingSender {
  noteKeystroke: (text: string) => void;
  stop: () => void;
}

export function useTypingSender(incidentId: string): TypingSender {
  const connection = useConnection();
  const lastSentAt = useRef(0);

  const stop = useCallback(() => {
    if (lastSentAt.current === 0) return;
    lastSentAt.current = 0;
    connection.sendTypingOfIncident(incidentId, false);
  }, [connection, incidentId]);

  const noteKeystroke = useCallback(
    (text: string) => {
      if (text.trim() === '') {
        stop();
        return;
      }
      const now = Date.now();
      if (now - lastSentAt.current < REPEAT_MS) return;
      lastSentAt.current = now;
      connection.sendTypingOfIncident(incidentId, true);
    },
    [connection, incidentId, stop],
  );

  useEffect(() => stop, [stop]);
  return { noteKeystroke, stop };
}

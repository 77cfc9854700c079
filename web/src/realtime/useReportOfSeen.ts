import { useCallback } from 'react';
import { useConnection } from './context';

/** How a screen says that notifications were on it. */
export function useReportOfSeen(): (ids: readonly string[]) => void {
  const connection = useConnection();
  return useCallback((ids) => connection.reportNotificationsAsSeen(ids), [connection]);
}

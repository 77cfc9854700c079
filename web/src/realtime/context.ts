import { createContext, useContext } from 'react';
import type { RealtimeConnection } from './connection';

export const ConnectionContext = createContext<RealtimeConnection | null>(null);

export function useConnection(): RealtimeConnection {
  const connection = useContext(ConnectionContext);
  if (!connection) throw new Error('useConnection needs a RealtimeProvider');
  return connection;
}

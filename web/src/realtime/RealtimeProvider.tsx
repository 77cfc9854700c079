import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { RealtimeConnection } from './connection';
import { ConnectionContext } from './context';
import { keepKnownDataForOffline } from './lazyKnownData';

/** Holds the connection for as long as somebody is signed in; give it a key per user. */
export function RealtimeProvider({ userId, children }: { userId: string; children: ReactNode }) {
  const client = useQueryClient();
  const [connection] = useState(() => new RealtimeConnection(client));
  useEffect(() => {
    connection.start();
    return () => connection.stop();
  }, [connection]);
  useEffect(() => keepKnownDataForOffline(client, userId), [client, userId]);
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { sessionStore } from '../lib/session';
import { RealtimeConnection } from './connection';
import { ConnectionContext } from './context';
import { OutboxSender } from './outbox';

/** Holds the connection for as long as somebody is signed in; give it a key per user. */
export function RealtimeProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [connection] = useState(() => new RealtimeConnection(client));
  useEffect(() => {
    connection.start();
    return () => connection.stop();
  }, [connection]);
  useEffect(() => {
    const me = sessionStore.get()?.user.id;
    if (!me) return;
    const sender = new OutboxSender(client, me);
    sender.start();
    return () => sender.stop();
  }, [client]);
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

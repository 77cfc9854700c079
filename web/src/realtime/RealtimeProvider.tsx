import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { sessionStore } from '../lib/session';
import { RealtimeConnection } from './connection';
import { ConnectionContext } from './context';
import { keepKnownDataForOffline } from './lazyKnownData';

const RELOAD_MS = 5_000;

/** What waits can wait for its code as well, which no first screen needs. */
function startOutboxWhenLoaded(client: QueryClient): () => void {
  const me = sessionStore.get()?.user.id;
  let stop: (() => void) | null = null;
  let isOver = false;
  const load = () =>
    void import('./outbox/sender').then(
      ({ OutboxSender }) => {
        if (isOver || !me) return;
        const sender = new OutboxSender(client, me);
        sender.start();
        stop = () => sender.stop();
      },
      () => {
        if (!isOver) setTimeout(load, RELOAD_MS);
      },
    );
  load();
  return () => {
    isOver = true;
    stop?.();
  };
}

/** Holds the connection for as long as somebody is signed in; give it a key per user. */
export function RealtimeProvider({ userId, children }: { userId: string; children: ReactNode }) {
  const client = useQueryClient();
  const [connection] = useState(() => new RealtimeConnection(client));
  useEffect(() => {
    connection.start();
    return () => connection.stop();
  }, [connection]);
  useEffect(() => keepKnownDataForOffline(client, userId), [client, userId]);
  useEffect(() => startOutboxWhenLoaded(client), [client]);
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

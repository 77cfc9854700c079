import { useCallback, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter, Route, Routes } from 'react-router-dom';
import { IncidentDetailWithPresence } from './components/IncidentDetailWithPresence';
import { AuthenticationContextProvider } from './contexts/AuthenticationContextProvider';
import { useRealtimeIncidentsListener } from './hooks/useRealtimeIncidentsListener';
import { useSocketConnectionManager } from './hooks/useSocketConnectionManager';

function Feed() {
  const { socket, isConnected } = useSocketConnectionManager();
  const [lines, setLines] = useState([]);
  const add = (line) => setLines((before) => [...before, line]);
  const onCreated = useCallback((data) => add(`created ${data.incident.title} by ${data.createdBy.email}`), []);
  const onUpdated = useCallback((data) => add(`updated ${data.incidentId} ${data.changes.severity}`), []);
  const onResolved = useCallback((data) => add(`resolved ${data.incidentId} by ${data.resolvedBy.email}`), []);
  useRealtimeIncidentsListener(socket, onCreated, onUpdated, onResolved);
  // The feed of a dashboard hears updates of the incident whose room it joins.
  const room = new URLSearchParams(window.location.search).get('room');
  return (
    <main>
      <p data-testid="connected">{String(isConnected)}</p>
      <button onClick={() => socket.emit('room:join', { room })}>join</button>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </main>
  );
}

createRoot(document.getElementById('root')).render(
  <AuthenticationContextProvider>
    <BrowserRouter>
      <Routes>
        <Route path="/incidents/:id" element={<IncidentDetailWithPresence />} />
        <Route path="*" element={<Feed />} />
      </Routes>
    </BrowserRouter>
  </AuthenticationContextProvider>,
);

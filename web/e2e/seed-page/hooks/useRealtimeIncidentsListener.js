import { useEffect } from 'react';

export function useRealtimeIncidentsListener(socket, onIncidentCreated, onIncidentUpdated, onIncidentResolved) {
  useEffect(() => {
    if (!socket) return;

    // Listen for incident events
    socket.on('incident:created', (data) => {
      console.log('📬 New incident:', data.incident.title);
      if (onIncidentCreated) {
        onIncidentCreated(data);
      }
    });

    socket.on('incident:updated', (data) => {
      console.log('📝 Incident updated:', data.incidentId);
      if (onIncidentUpdated) {
        onIncidentUpdated(data);
      }
    });

    socket.on('incident:resolved', (data) => {
      console.log('✅ Incident resolved:', data.incidentId);
      if (onIncidentResolved) {
        onIncidentResolved(data);
      }
    });

    // Cleanup
    return () => {
      socket.off('incident:created');
      socket.off('incident:updated');
      socket.off('incident:resolved');
    };
  }, [socket, onIncidentCreated, onIncidentUpdated, onIncidentResolved]);
}

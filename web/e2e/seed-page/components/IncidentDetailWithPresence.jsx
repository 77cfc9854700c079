import { useEffect, useState } from 'react';
import { useParams } from 'react-router-dom';
import { useSocketConnectionManager } from '../hooks/useSocketConnectionManager';

export function IncidentDetailWithPresence() {
  const { id } = useParams();
  const { socket } = useSocketConnectionManager();
  const [viewersCount, setViewersCount] = useState(0);
  const [viewers, setViewers] = useState([]);
  const [typingUsers, setTypingUsers] = useState([]);

  useEffect(() => {
    if (!socket) return;

    // Join incident room
    socket.emit('room:join', { room: `incident:${id}` });

    // Listen for presence events
    socket.on('presence:join', ({ userId, user, room }) => {
      if (room === `incident:${id}`) {
        setViewers(prev => [...prev, user]);
        setViewersCount(prev => prev + 1);
      }
    });

    socket.on('presence:leave', ({ userId, room }) => {
      if (room === `incident:${id}`) {
        setViewers(prev => prev.filter(u => u.id !== userId));
        setViewersCount(prev => Math.max(0, prev - 1));
      }
    });

    socket.on('presence:typing', ({ userId, userName, isTyping }) => {
      if (isTyping) {
        setTypingUsers(prev => [...new Set([...prev, userName])]);
      } else {
        setTypingUsers(prev => prev.filter(name => name !== userName));
      }
    });

    // Cleanup
    return () => {
      socket.emit('room:leave', { room: `incident:${id}` });
      socket.off('presence:join');
      socket.off('presence:leave');
      socket.off('presence:typing');
    };
  }, [socket, id]);

  const handleCommentInputChange = () => {
    if (socket) {
      socket.emit('typing:start', { incidentId: id });
    }
  };

  return (
    <div>
      <div className="presence-indicator">
        {viewersCount} {viewersCount === 1 ? 'person' : 'people'} viewing
      </div>

      {/* Incident details */}

      <div className="comment-section">
        {typingUsers.length > 0 && (
          <div className="typing-indicator">
            {typingUsers.join(', ')} {typingUsers.length === 1 ? 'is' : 'are'} typing...
          </div>
        )}

        <textarea onChange={handleCommentInputChange} />
      </div>
    </div>
  );
}

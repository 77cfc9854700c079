import { useEffect, useState } from 'react';
import { io } from 'socket.io-client';
import { useAuthenticationContextProvider } from '../contexts/AuthenticationContextProvider';

export function useSocketConnectionManager() {
  const { accessToken } = useAuthenticationContextProvider();
  const [socket, setSocket] = useState(null);
  const [isConnected, setIsConnected] = useState(false);

  useEffect(() => {
    if (!accessToken) {
      return;
    }

    // Create socket connection
    const socketInstance = io('http://localhost:4001', {
      auth: {
        token: accessToken,
      },
      transports: ['websocket', 'polling'],
    });

    // Connection events
    socketInstance.on('connect', () => {
      console.log('✅ Socket connected:', socketInstance.id);
      setIsConnected(true);
    });

    socketInstance.on('disconnect', () => {
      console.log('❌ Socket disconnected');
      setIsConnected(false);
    });

    socketInstance.on('connection:acknowledged', (data) => {
      console.log('🤝 Connection acknowledged:', data);
    });

    socketInstance.on('connect_error', (error) => {
      console.error('🔴 Connection error:', error.message);
    });

    setSocket(socketInstance);

    // Cleanup
    return () => {
      socketInstance.disconnect();
    };
  }, [accessToken]);

  return { socket, isConnected };
}

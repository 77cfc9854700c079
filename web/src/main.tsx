import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import './app/media.css';
import { runWhenPageIsIdle } from './lib/idle';
import { keepDashboardInBrowser } from './lib/workerRegistration';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
window.addEventListener('load', () => runWhenPageIsIdle(() => void keepDashboardInBrowser()));

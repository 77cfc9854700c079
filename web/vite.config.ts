import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The server a developer runs beside `npm run dev`.
const server = process.env.OWLPOST_URL ?? 'http://127.0.0.1:4001';

export default defineConfig({
  plugins: [react()],
  build: {
    manifest: true,
    target: 'es2022',
  },
  server: {
    port: 3001,
    strictPort: true,
    proxy: {
      '/api': server,
      '/socket.io': { target: server, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
});

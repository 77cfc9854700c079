import { rest } from '../../../lib/server';
import { forgetSessionOfThisBrowser, sessionStore } from '../../../lib/session';

/** Signs every tab of this browser out. The server is told, but is not waited for. */
export function logoutUserOfThisBrowser(): void {
  const refreshToken = sessionStore.get()?.refreshToken;
  forgetSessionOfThisBrowser();
  if (!refreshToken) return;
  const told = rest.post('/api/auth/logout', { body: { refreshToken }, anonymous: true });
  told.catch(() => undefined);
}

import { createLazyPart } from '../components/createLazyPart';
import { PageStandIn } from '../components/PageStandIn';
import { ShellStandIn } from './ShellStandIn';

export const LoginPage = createLazyPart(async () => (await import('../features/auth/pages')).LoginPage, ShellStandIn);
export const RegisterPage = createLazyPart(async () => (await import('../features/auth/pages')).RegisterPage, ShellStandIn);
export const ResetPasswordPage = createLazyPart(async () => (await import('../features/auth/pages')).ResetPasswordPage, ShellStandIn);
export const SignedInLayout = createLazyPart(async () => {
  // The page of an incident is asked for at the same time, not after it; the list comes with the shell.
  if (/\/incidents\/[^/]/.test(window.location.pathname)) void IncidentRoute.preload();
  return (await import('./signedIn')).SignedInLayout;
}, ShellStandIn);
export const IncidentsRoute = createLazyPart(async () => (await import('./signedIn')).IncidentsRoute, PageStandIn);
export const IncidentRoute = createLazyPart(async () => (await import('./pages/IncidentRoute')).IncidentRoute, PageStandIn);
export const AccountRoute = createLazyPart(async () => (await import('./pages/AccountRoute')).AccountRoute, PageStandIn);
export const PeopleRoute = createLazyPart(async () => (await import('./pages/PeopleRoute')).PeopleRoute, PageStandIn);
export const OutletsRoute = createLazyPart(async () => (await import('./pages/OutletsRoute')).OutletsRoute, PageStandIn);
export const NotFoundPage = createLazyPart(async () => (await import('./pages/NotFoundPage')).NotFoundPage, ShellStandIn);

/** No toast is there before the page is. */
export const Toasts = createLazyPart(async () => (await import('./Toasts')).Toasts);

/** Who follows a link when the line is cut finds the page there. The login is among them: a sign-in may end at any moment. */
export function preloadPagesOfSignedIn(): void {
  for (const page of [IncidentRoute, IncidentsRoute, AccountRoute, LoginPage, PeopleRoute, OutletsRoute, NotFoundPage]) void page.preload();
}

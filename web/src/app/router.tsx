import { Center, Loader } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { BrowserRouter, Navigate, Outlet, Route, Routes, useLocation } from 'react-router';
import { LiveRegion } from '../components/LiveRegion';
import { basePath } from '../lib/basePath';
import { useSession } from '../lib/session';
import { RealtimeProvider } from '../realtime';
import { Toasts } from './Toasts';

const LoginPage = lazy(async () => ({ default: (await import('../features/auth/pages')).LoginPage }));
const RegisterPage = lazy(async () => ({ default: (await import('../features/auth/pages')).RegisterPage }));
const ResetPasswordPage = lazy(async () => ({ default: (await import('../features/auth/pages')).ResetPasswordPage }));
const SignedInLayout = lazy(async () => ({ default: (await import('./signedIn')).SignedInLayout }));
const IncidentsRoute = lazy(async () => ({ default: (await import('./signedIn')).IncidentsRoute }));
const IncidentRoute = lazy(async () => ({ default: (await import('./pages/IncidentRoute')).IncidentRoute }));
const NotFoundPage = lazy(async () => ({ default: (await import('./pages/NotFoundPage')).NotFoundPage }));

function OnlySignedIn() {
  const session = useSession();
  const { pathname, search, hash } = useLocation();
  if (!session) return <Navigate to="/login" replace state={{ from: pathname + search + hash }} />;
  return (
    <RealtimeProvider key={session.user.id}>
      <SignedInLayout />
    </RealtimeProvider>
  );
}

function OnlySignedOut() {
  const session = useSession();
  const { state } = useLocation() as { state: { from?: string } | null };
  return session ? <Navigate to={state?.from ?? '/incidents'} replace /> : <Outlet />;
}

function LoadingPage() {
  return (
    <Center mih="100dvh">
      <Loader aria-label="Loading" />
    </Center>
  );
}

export function Router() {
  return (
    <BrowserRouter basename={basePath}>
      <Toasts />
      <LiveRegion />
      <Suspense fallback={<LoadingPage />}>
        <Routes>
          <Route path="/reset-password" element={<ResetPasswordPage />} />
          <Route element={<OnlySignedOut />}>
            <Route path="/login" element={<LoginPage />} />
            <Route path="/register" element={<RegisterPage />} />
          </Route>
          <Route element={<OnlySignedIn />}>
            <Route path="/incidents" element={<IncidentsRoute />} />
            <Route path="/incidents/:id" element={<IncidentRoute />} />
          </Route>
          <Route path="/" element={<Navigate to="/incidents" replace />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      </Suspense>
    </BrowserRouter>
  );
}

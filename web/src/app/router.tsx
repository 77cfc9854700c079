import { BrowserRouter, Navigate, Outlet, Route, Routes, useLocation } from 'react-router';
import { LiveRegion } from '../components/LiveRegion';
import { basePath } from '../lib/basePath';
import { useSession } from '../lib/session';
import { RealtimeProvider } from '../realtime';
import {
  AccountRoute,
  IncidentRoute,
  IncidentsRoute,
  LoginPage,
  NotFoundPage,
  OutletsRoute,
  PeopleRoute,
  RegisterPage,
  ResetPasswordPage,
  SignedInLayout,
  Toasts,
} from './lazyPages';

function OnlySignedIn() {
  const session = useSession();
  const { pathname, search, hash } = useLocation();
  if (!session) return <Navigate to="/login" replace state={{ from: pathname + search + hash }} />;
  return (
    <RealtimeProvider key={session.user.id} userId={session.user.id}>
      <SignedInLayout />
    </RealtimeProvider>
  );
}

function OnlySignedOut() {
  const session = useSession();
  const { state } = useLocation() as { state: { from?: string } | null };
  return session ? <Navigate to={state?.from ?? '/incidents'} replace /> : <Outlet />;
}

export function Router() {
  return (
    <BrowserRouter basename={basePath}>
      <LiveRegion />
      <Routes>
        <Route path="/reset-password" element={<ResetPasswordPage />} />
        <Route element={<OnlySignedOut />}>
          <Route path="/login" element={<LoginPage />} />
          <Route path="/register" element={<RegisterPage />} />
        </Route>
        <Route element={<OnlySignedIn />}>
          <Route path="/incidents" element={<IncidentsRoute />} />
          <Route path="/incidents/:id" element={<IncidentRoute />} />
          <Route path="/account" element={<AccountRoute />} />
          <Route path="/people" element={<PeopleRoute />} />
          <Route path="/outlets" element={<OutletsRoute />} />
        </Route>
        <Route path="/" element={<Navigate to="/incidents" replace />} />
        <Route path="*" element={<NotFoundPage />} />
      </Routes>
      <Toasts />
    </BrowserRouter>
  );
}

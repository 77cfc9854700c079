import { AppShell, Burger, Group } from '@mantine/core';
import { useDisclosure, useElementSize } from '@mantine/hooks';
import { useEffect } from 'react';
import { Link, Outlet, useLocation, useOutletContext } from 'react-router';
import { createLazyPart } from '../components/createLazyPart';
import { Logo } from '../components/Logo';
import { logoutUserOfThisBrowser } from '../features/auth';
import { AlertBar, IncidentToasts, preloadPartsOfIncidents, ReportIncidentModal, ViewLinks } from '../features/incidents';
import { NotificationBell, NotificationToasts } from '../features/notifications';
import { WaitingPopover } from '../features/outbox';
import { OnlineCounts } from '../features/presence';
import { UserMenu } from '../features/settings';
import { setHeightOfAlerts } from '../lib/alertHeight';
import { runWhenPageIsIdle } from '../lib/idle';
import { readySoundAtFirstGesture } from '../lib/sound';
import { FailureBoundary } from './FailureBoundary';
import { HeldCommandKey } from './HeldCommandKey';
import { LinkPill } from './LinkPill';
import { NewVersionBar } from './NewVersionBar';
import { preloadPagesOfSignedIn } from './lazyPages';
import classes from './SignedInLayout.module.css';
import { StaleBanner } from './StaleBanner';
import { useHeadingFocus } from './useHeadingFocus';

/** Loaded at once, and not before the page is there. */
const Commands = createLazyPart(async () => (await import('./Commands')).Commands, HeldCommandKey);

/** An alert is behind nothing. */
const ABOVE_DIALOGS = 350;
/** Without the alert bar, which makes it higher. */
const HEADER_HEIGHT = { base: 92, sm: 60 };

/** Who opens an incident when the line is cut finds all of it. */
function preloadWhatMayBeOpened(): () => void {
  return runWhenPageIsIdle(() => {
    preloadPagesOfSignedIn();
    preloadPartsOfIncidents();
    void WaitingPopover.preload();
  });
}

export interface LayoutContext {
  onReport: () => void;
}

export function useLayoutContext(): LayoutContext {
  return useOutletContext<LayoutContext>();
}

export function SignedInLayout() {
  const [navOpened, nav] = useDisclosure();
  const [reporting, report] = useDisclosure();
  useEffect(() => readySoundAtFirstGesture(), []);
  useEffect(preloadWhatMayBeOpened, []);
  useHeadingFocus();
  const { ref: alertBar, height: alertHeight } = useElementSize();
  useEffect(() => setHeightOfAlerts(alertHeight), [alertHeight]);
  return (
    <AppShell
      header={{ height: { base: HEADER_HEIGHT.base + alertHeight, sm: HEADER_HEIGHT.sm + alertHeight } }}
      navbar={{ width: 232, breakpoint: 'md', collapsed: { mobile: !navOpened } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a href="#main" className={classes.skip}>
        Skip to content
      </a>
      <AppShell.Header className={classes.header} zIndex={alertHeight > 0 ? ABOVE_DIALOGS : undefined}>
        <div className={classes.top}>
          <Group gap="sm" wrap="nowrap" className={classes.bar}>
            <Burger
              opened={navOpened}
              onClick={nav.toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={navOpened ? 'Close navigation' : 'Open navigation'}
              aria-expanded={navOpened}
            />
            <Link to="/incidents" className={classes.home} aria-label="Owl Post, all incidents">
              <Logo />
            </Link>
            <div className={classes.countsWide}>
              <OnlineCounts />
            </div>
            <Group gap={8} wrap="nowrap" ml="auto">
              <LinkPill />
              <NotificationBell />
              <UserMenu onLogout={logoutUserOfThisBrowser} />
            </Group>
          </Group>
          <div className={classes.countsNarrow}>
            <OnlineCounts />
          </div>
        </div>
        <div ref={alertBar}>
          <AlertBar />
        </div>
      </AppShell.Header>
      <AppShell.Navbar p="sm" component="nav" aria-label="Views">
        <ViewLinks onFollow={nav.close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" className={classes.main} tabIndex={-1}>
        <div className={classes.content}>
          <StaleBanner />
          <NewVersionBar />
          <FailureBoundary inner place={useLocation().key}>
            <Outlet context={{ onReport: report.open } satisfies LayoutContext} />
          </FailureBoundary>
        </div>
      </AppShell.Main>
      <ReportIncidentModal opened={reporting} onClose={report.close} />
      <Commands onReport={report.open} onLogout={logoutUserOfThisBrowser} />
      <IncidentToasts />
      <NotificationToasts />
    </AppShell>
  );
}

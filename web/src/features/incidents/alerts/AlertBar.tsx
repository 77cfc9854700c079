import { Anchor, Button, Group, Text, VisuallyHidden } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { IncidentAcknowledged } from '@owlpost/client';
import { IconBellRinging, IconFlame, IconVolumeOff } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { mayUserAcknowledgeIncident, findIncidentInCache } from '../../../entities/incident';
import { announcePolitelyToReaders } from '../../../lib/announcer';
import { useCurrentUser } from '../../../lib/session';
import { playSoundAfterGesture } from '../../../lib/sound';
import { useDomainEvents, useUnreadByIncident } from '../../../realtime';
import { useIncidentList } from '../api/listIncidents';
import { AlertRow } from './AlertRow';
import { describeAlertInWords, listAlertsOfIncidents, urgentFilters } from './alerts';
import { bringAlertBack, sendAlertAway, useAlertsSentAway } from './sentAway';
import { useAlertSignals } from './useAlertSignals';
import { useAlertTune } from './useAlertTune';
import classes from './AlertBar.module.css';

/** On a phone one, so that there is room for what it is about. */
const MOST_ROWS = { wide: 3, narrow: 1 };
const NARROW = '(width < 48em)';
const TAKEN_SHOWN_MS = 6_000;

/** Who took what stood in the bar, for a moment. */
function useTakenForMoment(): string | null {
  const client = useQueryClient();
  const me = useCurrentUser();
  const [taken, setTaken] = useState<string | null>(null);
  useEffect(() => {
    if (taken === null) return;
    const timer = setTimeout(() => setTaken(null), TAKEN_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [taken]);
  useDomainEvents((event, { replayed }) => {
    if (event.name === 'escalation:step') bringAlertBack(me.id, event.payload.incidentId);
    if (event.name !== 'incident:acknowledged' || replayed) return;
    const { incidentId, acknowledgedBy }: IncidentAcknowledged = event.payload;
    const known = findIncidentInCache(client, incidentId);
    if (known?.severity !== 'CRITICAL') return;
    const who = acknowledgedBy.id === me.id ? 'You have' : `${acknowledgedBy.name} has`;
    setTaken(`${who} taken “${known.title}”`);
    announcePolitelyToReaders(`${who} taken ${known.title}`);
  });
  return taken;
}

function useDesktopPermission(): [boolean, () => void] {
  const read = () => typeof Notification !== 'undefined' && Notification.permission === 'default';
  const [canAsk, setCanAsk] = useState(read);
  return [canAsk, () => void Notification.requestPermission().then(() => setCanAsk(read()))];
}

function AlertTools({ silent, narrow }: { silent: boolean; narrow: boolean }) {
  const [permission, ask] = useDesktopPermission();
  const canAsk = permission && !narrow;
  if (!silent && !canAsk) return null;
  return (
    <Group gap="xs" className={classes.tools}>
      {silent && (
        <Button size="compact-xs" variant="white" leftSection={<IconVolumeOff size={14} aria-hidden />} onClick={() => playSoundAfterGesture('urgent')}>
          {narrow ? 'Silent: turn sound on' : 'The browser keeps this page silent: turn sound on'}
        </Button>
      )}
      {canAsk && (
        <Button size="compact-xs" variant="white" leftSection={<IconBellRinging size={14} aria-hidden />} onClick={ask}>
          Alert me when this tab is hidden
        </Button>
      )}
    </Group>
  );
}

/** Critical incidents that nobody has: they stand here, above everything, until somebody takes them. */
export function AlertBar() {
  const me = useCurrentUser();
  const navigate = useNavigate();
  const { data } = useIncidentList(urgentFilters);
  const sentAway = useAlertsSentAway(me.id);
  const unread = useUnreadByIncident();
  const taken = useTakenForMoment();
  const narrow = useMediaQuery(NARROW) ?? false;
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const alerts = useMemo(
    () => listAlertsOfIncidents(data?.pages.flatMap((page) => page.incidents) ?? [], sentAway),
    [data, sentAway],
  );
  // Who cannot take it is not called by sound.
  const calling = alerts.filter((alert) => !seen.has(alert.id) && mayUserAcknowledgeIncident(me, alert));
  const openIncident = useMemo(() => (id: string) => void navigate(`/incidents/${id}`), [navigate]);
  useAlertSignals(alerts, openIncident);
  const silent = useAlertTune(calling.map((alert) => alert.id));
  if (alerts.length === 0 && taken === null) {
    return <div role="alert" className={classes.empty} />;
  }
  const most = narrow ? MOST_ROWS.narrow : MOST_ROWS.wide;
  const rest = alerts.length - most;
  return (
    <div className={classes.bar} data-testid="alert-bar">
      <VisuallyHidden role="alert" aria-atomic="false">
        {alerts.slice(0, most).map((alert) => (
          <p key={alert.id}>{describeAlertInWords(alert, me)}</p>
        ))}
      </VisuallyHidden>
      {alerts.length > 0 && <IconFlame size={22} aria-hidden className={classes.icon} />}
      <div className={classes.rows}>
        {taken !== null && (
          <Text size="sm" fw={600} data-testid="alert-taken">
            {taken}
          </Text>
        )}
        {alerts.slice(0, most).map((alert) => (
          <AlertRow
            key={alert.id}
            alert={alert}
            notificationIds={unread.get(alert.id) ?? []}
            onSeen={() => setSeen((before) => new Set(before).add(alert.id))}
            onNotMe={() => sendAlertAway(me.id, alert.id)}
          />
        ))}
        {rest > 0 && (
          <Anchor component={Link} to="/incidents?severity=CRITICAL&status=OPEN,IN_PROGRESS" size="sm" c="#fff" fw={600}>
            and {rest} more
          </Anchor>
        )}
        {alerts.length > 0 && <AlertTools silent={silent} narrow={narrow} />}
      </div>
    </div>
  );
}

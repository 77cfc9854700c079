import type { Incident } from '@owlpost/client';
import { useEffect } from 'react';

const PREFIX = /^\(\d+ critical\) /;

/** Keeps the number of alerts in front of the title, whatever page sets it. */
function keepCountInTitle(count: number): () => void {
  const write = () => {
    const plain = document.title.replace(PREFIX, '');
    const wanted = count > 0 ? `(${count} critical) ${plain}` : plain;
    if (document.title !== wanted) document.title = wanted;
  };
  write();
  const observer = new MutationObserver(write);
  observer.observe(document.head, { childList: true, subtree: true, characterData: true });
  return () => observer.disconnect();
}

function showFaviconOfAlerts(alarmed: boolean): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  const href = link.href.replace(/owl(-alert)?\.svg/, alarmed ? 'owl-alert.svg' : 'owl.svg');
  if (link.href !== href) link.href = href;
}

function showBadgeOfApp(count: number): void {
  // Not every browser has one, and one may refuse: the title and the icon say the same.
  if (!('setAppBadge' in navigator)) return;
  const shown = count > 0 ? navigator.setAppBadge(count) : navigator.clearAppBadge();
  shown.catch(() => undefined);
}

const shownByDesktop = new Set<string>();

/** A notification of the desktop for each alert, once, while the tab is not looked at. */
function notifyDesktopOfAlert(alert: Incident, open: (id: string) => void): void {
  if (document.visibilityState === 'visible' || shownByDesktop.has(alert.id)) return;
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
  shownByDesktop.add(alert.id);
  const body = `${alert.reportedBy.name}${alert.location ? `, ${alert.location}` : ''}`;
  const shown = new Notification(`Critical: ${alert.title}`, { body, tag: alert.id, requireInteraction: true });
  shown.onclick = () => {
    window.focus();
    open(alert.id);
    shown.close();
  };
}

/** Everything outside the page that says that somebody is needed. */
export function useAlertSignals(alerts: readonly Incident[], open: (id: string) => void): void {
  const count = alerts.length;
  useEffect(() => keepCountInTitle(count), [count]);
  useEffect(() => {
    showFaviconOfAlerts(count > 0);
    showBadgeOfApp(count);
  }, [count]);
  useEffect(() => {
    const notify = () => alerts.forEach((alert) => notifyDesktopOfAlert(alert, open));
    notify();
    document.addEventListener('visibilitychange', notify);
    return () => document.removeEventListener('visibilitychange', notify);
  }, [alerts, open]);
}

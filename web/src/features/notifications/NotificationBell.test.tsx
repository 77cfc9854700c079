import type { Notification } from '@owlpost/client';
import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { buildEventForTest, harry } from '../../lib/testData';
import { describeRefusal, http, startFakeServer } from '../../testing/fakeServer';
import { renderScreen } from '../../testing/renderScreen';
import { NotificationBell } from './NotificationBell';

const fake = startFakeServer();

function buildNotification(part: Partial<Notification> & { id: string }): Notification {
  return { type: 'mention', message: `Owl ${part.id}`, link: '/incidents/i1', isRead: false, readAt: null, createdAt: '2026-01-01T10:00:00.000Z', ...part };
}

async function openBell() {
  const shown = renderScreen(<NotificationBell />, { as: harry });
  await shown.user.click(await screen.findByRole('button', { name: 'Notifications, 2 unread' }));
  await screen.findAllByTestId('notification');
  return shown;
}

describe('the notifications', () => {
  it('should say that there are none', async () => {
    const { user } = renderScreen(<NotificationBell />, { as: harry });
    await user.click(await screen.findByRole('button', { name: 'Notifications' }));
    expect(await screen.findByText('No owls for you')).toBeTruthy();
  });

  it('should count what is unread, and less of it when one is read', async () => {
    fake.house.notifications = [buildNotification({ id: 'n2' }), buildNotification({ id: 'n1' })];
    const { user } = await openBell();
    const first = screen.getAllByTestId('notification')[0]!;
    expect(first.textContent).toContain('unread');
    await user.click(within(first).getByRole('button', { name: 'Mark as read' }));
    await screen.findByRole('button', { name: 'Notifications, 1 unread' });
    expect(screen.getAllByTestId('notification')[0]!.textContent).not.toContain('unread');
    await waitFor(() => expect(fake.house.notifications[0]?.isRead).toBe(true));
  });

  it('should be unread again when the server refuses', async () => {
    fake.house.notifications = [buildNotification({ id: 'n2' }), buildNotification({ id: 'n1' })];
    fake.use(http.patch('/api/notifications/{id}/read', ({ response }) => response(403).json(describeRefusal('FORBIDDEN', 'Not yours'))));
    const { user } = await openBell();
    await user.click(screen.getAllByRole('button', { name: 'Mark as read' })[0]!);
    await waitFor(() => expect(fake.requests).toHaveLength(1));
    expect(await screen.findByRole('button', { name: 'Notifications, 2 unread' })).toBeTruthy();
  });

  it('should hide one that is dismissed, and show it again when that is undone, with nothing sent', async () => {
    fake.house.notifications = [buildNotification({ id: 'n2' }), buildNotification({ id: 'n1' })];
    const { user } = await openBell();
    await user.click(screen.getAllByRole('button', { name: 'Dismiss' })[0]!);
    await waitFor(() => expect(screen.getAllByTestId('notification')).toHaveLength(1));
    await user.click(await screen.findByRole('button', { name: 'Undo' }));
    // A click beside the list closes it.
    await user.click(screen.getByRole('button', { name: 'Notifications, 2 unread' }));
    await waitFor(() => expect(screen.getAllByTestId('notification')).toHaveLength(2));
    expect(fake.requests).toEqual([]);
  });

  it('should show what arrives, on top', async () => {
    fake.house.notifications = [buildNotification({ id: 'n2' }), buildNotification({ id: 'n1' })];
    const { hear } = await openBell();
    const arrived = { id: 'n3', type: 'mention' as const, message: 'Fresh owl', link: '/incidents/i2', createdAt: '2026-01-01T11:00:00.000Z' };
    const { name, payload } = buildEventForTest('notification:new', arrived);
    hear(name, payload);
    await waitFor(() => expect(screen.getAllByTestId('notification')[0]!.textContent).toContain('Fresh owl'));
    expect(screen.getByRole('button', { name: 'Notifications, 3 unread' })).toBeTruthy();
  });
});

import { describe, expect, it } from 'vitest';
import { buildEventForTest } from '../../lib/testData';
import { countUnreadInPages, type NotificationPages, reduceNotificationPagesWithEvent } from '.';

const empty: NotificationPages = { pages: [{ notifications: [], unreadCount: 0, nextBefore: null }], pageParams: [null] };
const arrive = (id: string) =>
  buildEventForTest('notification:new', {
    id,
    type: 'mention',
    message: id,
    link: '/incidents/i1',
    createdAt: '2026-01-01T10:00:00.000Z',
  });

describe('notifications', () => {
  it('should put the newest first and count it once', () => {
    let data = reduceNotificationPagesWithEvent(empty, arrive('n1'));
    data = reduceNotificationPagesWithEvent(data, arrive('n2'));
    data = reduceNotificationPagesWithEvent(data, arrive('n2'));
    expect(data.pages[0]?.notifications.map((each) => each.id)).toEqual(['n2', 'n1']);
    expect(countUnreadInPages(data)).toBe(2);
  });

  it('should follow what another tab read and dismissed', () => {
    let data = reduceNotificationPagesWithEvent(empty, arrive('n1'));
    const readAt = '2026-01-01T11:00:00.000Z';
    data = reduceNotificationPagesWithEvent(data, buildEventForTest('notification:read', { id: 'n1', readAt, unreadCount: 0 }));
    expect(data.pages[0]?.notifications[0]).toMatchObject({ isRead: true, readAt });
    data = reduceNotificationPagesWithEvent(data, buildEventForTest('notification:deleted', { id: 'n1', unreadCount: 0 }));
    expect(data.pages[0]?.notifications).toEqual([]);
  });

  it('should mark all that were there at the time', () => {
    let data = reduceNotificationPagesWithEvent(empty, arrive('n1'));
    const readAt = '2026-01-01T11:00:00.000Z';
    data = reduceNotificationPagesWithEvent(data, buildEventForTest('notification:read', { all: true, readAt, unreadCount: 0 }));
    expect(countUnreadInPages(data)).toBe(0);
    expect(data.pages[0]?.notifications[0]?.isRead).toBe(true);
  });
});

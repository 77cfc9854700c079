import { describe, expect, it } from 'vitest';
import { buildEventForTest } from '../../lib/testData';
import {
  countUnreadInPages,
  markNotificationsReadInPages,
  type NotificationPages,
  reduceNotificationPagesWithEvent,
  revertReadMarksInPages,
} from '.';

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

  it('should take back a refused mark, and keep what arrived meanwhile', () => {
    const before = reduceNotificationPagesWithEvent(reduceNotificationPagesWithEvent(empty, arrive('n1')), arrive('n2'));
    const marked = markNotificationsReadInPages(before, { id: 'n1', readAt: '2026-01-01T11:00:00.000Z', unreadCount: 1 });
    const later = reduceNotificationPagesWithEvent(marked, arrive('n3'));
    const reverted = revertReadMarksInPages(later, before, marked);
    expect(reverted.pages[0]?.notifications.map((each) => [each.id, each.isRead])).toEqual([['n3', false], ['n2', false], ['n1', false]]);
    expect(countUnreadInPages(reverted)).toBe(3);

    // Another tab read it in truth meanwhile: that stays.
    const read = buildEventForTest('notification:read', { id: 'n1', readAt: '2026-01-01T11:00:01.000Z', unreadCount: 1 });
    const elsewhere = reduceNotificationPagesWithEvent(reduceNotificationPagesWithEvent(before, read), arrive('n3'));
    expect(countUnreadInPages(revertReadMarksInPages(elsewhere, before, marked))).toBe(2);
  });
});

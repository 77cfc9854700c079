import { ActionIcon, Group, Text, ThemeIcon } from '@mantine/core';
import type { Notification } from '@owlpost/client';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useRef } from 'react';
import { Link } from 'react-router';
import { TimeAgo } from '../../components/TimeAgo';
import { useOnScreen } from '../../lib/useOnScreen';
import { useReportOfSeen } from '../../realtime';
import { notificationLooks } from './looks';
import classes from './NotificationBell.module.css';

interface Props {
  notification: Notification;
  onOpen: () => void;
  onRead: () => void;
  onDismiss: () => void;
}

export function NotificationItem({ notification, onOpen, onRead, onDismiss }: Props) {
  const { icon: Icon, color, name } = notificationLooks[notification.type];
  const place = notification.link || null;
  const item = useRef<HTMLLIElement>(null);
  const report = useReportOfSeen();
  useOnScreen(item, notification.isRead ? '' : notification.id, () => report([notification.id]));
  return (
    <li ref={item} className={classes.item} data-unread={!notification.isRead || undefined} data-testid="notification">
      <ThemeIcon variant="light" color={color} radius="xl" size={34} aria-hidden>
        <Icon size={18} />
      </ThemeIcon>
      <div className={classes.text}>
        <Text size="sm" fw={notification.isRead ? 400 : 600} lh={1.4}>
          {place ? (
            <Link to={place} className={classes.link} onClick={onOpen}>
              {notification.message}
            </Link>
          ) : (
            notification.message
          )}
        </Text>
        <Text size="xs" c="dimmed" component="div">
          {name} · <TimeAgo time={notification.createdAt} />
          {!notification.isRead && ' · unread'}
        </Text>
      </div>
      <Group gap={2} wrap="nowrap" className={classes.actions}>
        {!notification.isRead && (
          <ActionIcon variant="subtle" color="gray" aria-label="Mark as read" onClick={onRead}>
            <IconCheck size={16} aria-hidden />
          </ActionIcon>
        )}
        <ActionIcon variant="subtle" color="gray" aria-label="Dismiss" onClick={onDismiss}>
          <IconX size={16} aria-hidden />
        </ActionIcon>
      </Group>
    </li>
  );
}

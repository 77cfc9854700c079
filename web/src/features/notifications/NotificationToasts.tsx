import { Anchor } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Link } from 'react-router';
import { playSoundIfUserAllows } from '../../lib/sound';
import { useDomainEvents } from '../../realtime';
import { useMarkNotificationRead } from './api/markNotificationRead';
import { notificationLooks } from './looks';

/** Shows what arrives for this person as it arrives. An escalation has a toast and a sound of its own. */
export function NotificationToasts() {
  const { mutate: markRead } = useMarkNotificationRead();
  useDomainEvents((event, { replayed }) => {
    if (event.name !== 'notification:new' || event.payload.type === 'escalation' || replayed) return;
    const { id, type, message, link } = event.payload;
    const { color, name, icon: Icon } = notificationLooks[type];
    const open = () => {
      markRead(id);
      notifications.hide(`notification-${id}`);
    };
    notifications.show({
      id: `notification-${id}`,
      color,
      icon: <Icon size={18} aria-hidden />,
      title: name,
      message: link ? (
        <Anchor component={Link} to={link} size="sm" onClick={open}>
          {message}
        </Anchor>
      ) : (
        message
      ),
      autoClose: 10_000,
    });
    playSoundIfUserAllows('news');
  });
  return null;
}

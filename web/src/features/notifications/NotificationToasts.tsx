import { Anchor } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useRef } from 'react';
import { Link } from 'react-router';
import { playSoundIfUserAllows } from '../../lib/sound';
import { useOnScreen } from '../../lib/useOnScreen';
import { useDomainEvents, useReportOfSeen } from '../../realtime';
import { useMarkNotificationRead } from './api/markNotificationRead';
import { notificationLooks } from './looks';

function ToastWords({ id, message, link, onOpen }: { id: string; message: string; link: string; onOpen: () => void }) {
  const words = useRef<HTMLSpanElement>(null);
  const report = useReportOfSeen();
  useOnScreen(words, id, () => report([id]));
  return (
    <span ref={words}>
      {link ? (
        <Anchor component={Link} to={link} size="sm" onClick={onOpen}>
          {message}
        </Anchor>
      ) : (
        message
      )}
    </span>
  );
}

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
      message: <ToastWords id={id} message={message} link={link} onOpen={open} />,
      autoClose: 10_000,
    });
    playSoundIfUserAllows('news');
  });
  return null;
}

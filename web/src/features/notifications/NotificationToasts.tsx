import { Anchor } from '@mantine/core';
import { useRef } from 'react';
import { Link } from 'react-router';
import { playSoundIfUserAllows } from '../../lib/sound';
import { hideToastWithId, showToastOnTop } from '../../lib/toasts';
import { useOnScreen } from '../../lib/useOnScreen';
import { useDomainEvents, useReportOfSeen } from '../../realtime';
import { useMarkNotificationRead } from './api/markNotificationRead';
import { notificationLooks } from './looks';

interface ToastWordsProps {
  id: string;
  message: string;
  link: string | null;
  onOpen: () => void;
  onSeen: () => void;
}

/** Toasts stand outside of what knows the connection: what they need of it they are given. */
function ToastWords({ id, message, link, onOpen, onSeen }: ToastWordsProps) {
  const words = useRef<HTMLSpanElement>(null);
  useOnScreen(words, id, onSeen);
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
  const report = useReportOfSeen();
  useDomainEvents((event, { replayed }) => {
    if (event.name !== 'notification:new' || event.payload.type === 'escalation' || replayed) return;
    const { id, type, message } = event.payload;
    const link = event.payload.link || null;
    const { color, name, icon: Icon } = notificationLooks[type];
    const open = () => {
      markRead(id);
      hideToastWithId(`notification-${id}`);
    };
    showToastOnTop({
      id: `notification-${id}`,
      color,
      icon: <Icon size={18} aria-hidden />,
      title: name,
      message: <ToastWords id={id} message={message} link={link} onOpen={open} onSeen={() => report([id])} />,
      words: `${name}. ${message}`,
      autoClose: 10_000,
    });
    playSoundIfUserAllows('news');
  });
  return null;
}

import { ActionIcon, Button, Center, Group, Indicator, Loader, Popover, ScrollArea, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBell, IconBellCheck } from '@tabler/icons-react';
import { EmptyState } from '../../components/EmptyState';
import { QueryFailure } from '../../components/QueryFailure';
import { countUnreadInPages } from '../../entities/notification';
import { useAlertHeight } from '../../lib/alertHeight';
import { NotificationItem } from './NotificationItem';
import { useDismissNotification } from './api/dismissNotification';
import { useNotificationList } from './api/listNotifications';
import { useMarkAllRead } from './api/markAllRead';
import { useMarkNotificationRead } from './api/markNotificationRead';
import { useDismissedIds } from './useDismissedIds';
import classes from './NotificationBell.module.css';

const MOST_COUNTED = 99;

function NotificationPanel({ onClose }: { onClose: () => void }) {
  const list = useNotificationList();
  const { mutate: markRead } = useMarkNotificationRead();
  const dismiss = useDismissNotification();
  const hidden = useDismissedIds();
  if (list.isPending) {
    return (
      <Center py="xl">
        <Loader size="sm" aria-label="Loading notifications" />
      </Center>
    );
  }
  if (list.isError && !list.data) return <QueryFailure error={list.error} onRetry={() => void list.refetch()} />;
  const all = list.data.pages.flatMap((page) => page.notifications).filter((each) => !hidden.has(each.id));
  if (all.length === 0) {
    return (
      <EmptyState icon={IconBellCheck} title="No owls for you">
        Mentions, assignments and escalations arrive here.
      </EmptyState>
    );
  }
  return (
    <ScrollArea.Autosize mah="min(480px, 70vh)" type="auto">
      <ul className={classes.list} aria-label="Notifications">
        {all.map((notification) => (
          <NotificationItem
            key={notification.id}
            notification={notification}
            onOpen={() => {
              if (!notification.isRead) markRead(notification.id);
              onClose();
            }}
            onRead={() => markRead(notification.id)}
            onDismiss={() => dismiss(notification)}
          />
        ))}
      </ul>
      {list.hasNextPage && (
        <Center py="xs">
          <Button variant="subtle" size="xs" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show older
          </Button>
        </Center>
      )}
    </ScrollArea.Autosize>
  );
}

export function NotificationBell() {
  const [opened, { toggle, close }] = useDisclosure();
  const { data } = useNotificationList();
  const { mutate: markAllRead } = useMarkAllRead();
  const hidden = useDismissedIds();
  const unread = countUnreadInPages(data, hidden);
  const alertHeight = useAlertHeight();
  const label = unread === 0 ? 'Notifications' : `Notifications, ${unread} unread`;
  return (
    <Popover opened={opened} onChange={(next) => !next && close()} width={400} position="bottom-end" offset={8 + alertHeight} shadow="lg" trapFocus returnFocus>
      <Indicator
        label={unread > MOST_COUNTED ? `${MOST_COUNTED}+` : unread}
        disabled={unread === 0}
        size={18}
        color="red.9"
        offset={5}
        data-testid="unread-count"
      >
        <Popover.Target>
          <ActionIcon variant="subtle" color="gray" size={36} aria-label={label} onClick={toggle}>
            <IconBell size={20} stroke={1.7} aria-hidden />
          </ActionIcon>
        </Popover.Target>
      </Indicator>
      <Popover.Dropdown p={0} maw="calc(100vw - 16px)">
        <Group justify="space-between" px="md" py="xs" className={classes.header}>
          <Title order={2} size="h6">
            Notifications
          </Title>
          {unread > 0 ? (
            <Button variant="subtle" size="compact-sm" onClick={() => markAllRead()}>
              Mark all read
            </Button>
          ) : (
            <Text size="xs" c="dimmed">
              All read
            </Text>
          )}
        </Group>
        {opened && <NotificationPanel onClose={close} />}
      </Popover.Dropdown>
    </Popover>
  );
}

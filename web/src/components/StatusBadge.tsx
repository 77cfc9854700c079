import { Badge } from '@mantine/core';
import type { Status } from '@owlpost/client';
import { IconCircleCheck, IconCircleDashed, IconProgress } from '@tabler/icons-react';
import { statusLabels } from '../entities/incident';
import { styleReadableBadgeText } from './badgeText';

const looks: Record<Status, { color: string; icon: typeof IconProgress }> = {
  OPEN: { color: 'blue', icon: IconCircleDashed },
  IN_PROGRESS: { color: 'violet', icon: IconProgress },
  RESOLVED: { color: 'green', icon: IconCircleCheck },
};

export function StatusBadge({ status, ...props }: { status: Status; className?: string }) {
  const { color, icon: Icon } = looks[status];
  return (
    <Badge
      variant="light"
      color={color}
      style={styleReadableBadgeText(color)}
      radius="xl"
      tt="none"
      fw={600}
      leftSection={<Icon size={14} stroke={2.2} aria-hidden />}
      data-status={status}
      {...props}
    >
      {statusLabels[status]}
    </Badge>
  );
}

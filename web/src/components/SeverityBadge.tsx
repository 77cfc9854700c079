import { Badge } from '@mantine/core';
import type { Severity } from '@owlpost/client';
import { IconAlertTriangle, IconFlame, IconWand } from '@tabler/icons-react';
import { severityLabels } from '../entities/incident';
import { styleReadableBadgeText } from './badgeText';

const looks: Record<Severity, { color: string; icon: typeof IconFlame }> = {
  MISCHIEF: { color: 'gray', icon: IconWand },
  SERIOUS: { color: 'orange', icon: IconAlertTriangle },
  CRITICAL: { color: 'red', icon: IconFlame },
};

/** One word, which what stands beside it gives way to. */
export function SeverityBadge({ severity, ...props }: { severity: Severity; className?: string }) {
  const { color, icon: Icon } = looks[severity];
  return (
    <Badge
      variant={severity === 'CRITICAL' ? 'filled' : 'light'}
      color={severity === 'CRITICAL' ? 'red.9' : color}
      style={{ flexShrink: 0, ...(severity !== 'CRITICAL' && styleReadableBadgeText(color)) }}
      radius="sm"
      tt="none"
      fw={600}
      leftSection={<Icon size={13} stroke={2.2} aria-hidden />}
      data-severity={severity}
      {...props}
    >
      {severityLabels[severity]}
    </Badge>
  );
}

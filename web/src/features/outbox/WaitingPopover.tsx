import { Badge, Popover, Text, type BadgeProps } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useAlertHeight } from '../../lib/alertHeight';
import { WaitingList } from './WaitingList';

const NEAR_PX = 8;
/** From the pill to the end of the header. */
const REST_OF_HEADER_PX = { narrow: 54, wide: 24 };

interface Props {
  badge: BadgeProps;
  label: string;
  explanation: string;
  children: ReactNode;
}

/** The pill of a person who did something that has not reached the server: it opens what that is. */
export function WaitingPopover({ badge, label, explanation, children }: Props) {
  const [opened, { toggle, close }] = useDisclosure();
  const alerts = useAlertHeight();
  const narrow = useMediaQuery('(width < 48em)') ?? false;
  // Below the alerts, which are behind nothing.
  const offset = alerts === 0 ? NEAR_PX : alerts + (narrow ? REST_OF_HEADER_PX.narrow : REST_OF_HEADER_PX.wide);
  return (
    <Popover opened={opened} onChange={(next) => !next && close()} width={360} position="bottom-end" offset={offset} shadow="lg" trapFocus returnFocus>
      <Popover.Target>
        <Badge {...badge} component="button" type="button" onClick={toggle} aria-label={label}>
          {children}
        </Badge>
      </Popover.Target>
      <Popover.Dropdown maw="calc(100vw - 16px)">
        <Text size="sm" c="dimmed" mb="sm">
          {explanation}
        </Text>
        <WaitingList onFollow={close} />
      </Popover.Dropdown>
    </Popover>
  );
}

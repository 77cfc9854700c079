import { Center, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  icon: Icon;
  title: string;
  /** What the title is in its page: 3 within a list, 1 where it is the page. */
  order?: 1 | 3;
  children?: ReactNode;
}

export function EmptyState({ icon: Icon, title, order = 3, children }: Props) {
  return (
    <Center py={64} px="md">
      <Stack align="center" gap="xs" maw={380}>
        <ThemeIcon size={56} radius="xl" variant="light" aria-hidden>
          <Icon size={28} />
        </ThemeIcon>
        <Title order={order} size="h4">
          {title}
        </Title>
        <Text c="dimmed" ta="center" size="sm" component="div">
          {children}
        </Text>
      </Stack>
    </Center>
  );
}

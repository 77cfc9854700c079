import { Box, Group, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconBolt, IconEye, IconShieldCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Logo } from '../../components/Logo';
import classes from './AuthLayout.module.css';

const promises = [
  { icon: IconBolt, title: 'Instant', text: 'New incidents and comments appear the moment they happen.' },
  { icon: IconEye, title: 'Together', text: 'See who is online, who is looking at the same incident, who is typing.' },
  { icon: IconShieldCheck, title: 'Nothing lost', text: 'Lose the connection, come back, and catch up on every event.' },
];

export function AuthLayout({ title, subtitle, children }: { title: string; subtitle: string; children: ReactNode }) {
  return (
    <div className={classes.page}>
      <aside className={classes.brand} aria-label="About Owl Post">
        <Logo size={40} />
        <div>
          <Text className={classes.claim}>Every corner of the castle, the moment it happens.</Text>
          <Stack gap="lg" mt={40}>
            {promises.map(({ icon: Icon, title: name, text }) => (
              <Group key={name} wrap="nowrap" align="flex-start" gap="md">
                <ThemeIcon size={38} radius="md" color="rgba(255,255,255,0.14)" autoContrast={false} c="white" aria-hidden>
                  <Icon size={20} />
                </ThemeIcon>
                <div>
                  <Text fw={600}>{name}</Text>
                  <Text size="sm" className={classes.faint}>
                    {text}
                  </Text>
                </div>
              </Group>
            ))}
          </Stack>
        </div>
        <Text size="xs" className={classes.faint}>
          Instant delivery across the castle
        </Text>
      </aside>
      <main className={classes.main}>
        <Box className={classes.form}>
          <Box hiddenFrom="md" mb="xl">
            <Logo size={36} />
          </Box>
          <Title order={1} size="h2">
            {title}
          </Title>
          <Text c="dimmed" mt={4} mb="lg">
            {subtitle}
          </Text>
          {children}
        </Box>
      </main>
    </div>
  );
}

import { Button } from '@mantine/core';
import { IconShieldLock } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { EmptyState } from '../../components/EmptyState';
import { useCurrentUser } from '../../lib/session';

/** The server refuses others anyway; a person whose role is taken away meanwhile sees it at once. */
export function AurorsOnly({ whose, children }: { whose: string; children: ReactNode }) {
  if (useCurrentUser().role === 'AUROR') return children;
  return (
    <EmptyState icon={IconShieldLock} title="This page is for Aurors" order={1}>
      {whose}
      <br />
      <Button component={Link} to="/incidents" variant="default" mt="md">
        To the incidents
      </Button>
    </EmptyState>
  );
}

import { Button } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconShieldLock } from '@tabler/icons-react';
import { Link } from 'react-router';
import { EmptyState } from '../../components/EmptyState';
import { PeoplePage } from '../../features/people';
import { useCurrentUser } from '../../lib/session';

/** The server refuses others anyway; a person whose role is taken away meanwhile sees it at once. */
export function PeopleRoute() {
  useDocumentTitle('People · Owl Post');
  if (useCurrentUser().role === 'AUROR') return <PeoplePage />;
  return (
    <EmptyState icon={IconShieldLock} title="This page is for Aurors" order={1}>
      Who else may do what is theirs to say.
      <br />
      <Button component={Link} to="/incidents" variant="default" mt="md">
        To the incidents
      </Button>
    </EmptyState>
  );
}

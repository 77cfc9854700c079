import { Button, Center } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconMapSearch } from '@tabler/icons-react';
import { Link } from 'react-router';
import { EmptyState } from '../../components/EmptyState';

/** For addresses that no page has; the server says so with its status. */
export function NotFoundPage() {
  useDocumentTitle('Not found · Owl Post');
  return (
    <Center mih="100dvh" component="main">
      <EmptyState icon={IconMapSearch} title="There is no such page" order={1}>
        The address may have been cut on its way to you.
        <br />
        <Button component={Link} to="/incidents" variant="default" mt="md">
          To the incidents
        </Button>
      </EmptyState>
    </Center>
  );
}

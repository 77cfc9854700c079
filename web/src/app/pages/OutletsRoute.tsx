import { useDocumentTitle } from '@mantine/hooks';
import { OutletsPage } from '../../features/outlets';
import { AurorsOnly } from './AurorsOnly';

export function OutletsRoute() {
  useDocumentTitle('Outlets · Owl Post');
  return (
    <AurorsOnly whose="Who outside is told of what happens is theirs to say.">
      <OutletsPage />
    </AurorsOnly>
  );
}

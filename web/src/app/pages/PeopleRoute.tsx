import { useDocumentTitle } from '@mantine/hooks';
import { PeoplePage } from '../../features/people';
import { AurorsOnly } from './AurorsOnly';

export function PeopleRoute() {
  useDocumentTitle('People · Owl Post');
  return (
    <AurorsOnly whose="Who else may do what is theirs to say.">
      <PeoplePage />
    </AurorsOnly>
  );
}

import { useDisclosure } from '@mantine/hooks';
import { useMemo } from 'react';
import { useNavigate } from 'react-router';
import { writeFiltersToSearchParams } from '../entities/incident';
import { type Command, CommandMenu, ShortcutHelp } from '../features/commands';
import { moveFocusBetweenRows, useTakeKey, views } from '../features/incidents';
import { useCurrentUser } from '../lib/session';
import { findElementOfKey, useShortcuts } from '../lib/shortcuts';
import { usePushedIncidents } from './usePushedIncidents';

const pagesOfAurors = [
  { name: 'People', path: '/people' },
  { name: 'Outlets', path: '/outlets' },
] as const;

interface Props {
  onReport: () => void;
  onLogout: () => void;
}

/** What can be done by key or by name from every page. */
export function Commands({ onReport, onLogout }: Props) {
  const navigate = useNavigate();
  usePushedIncidents();
  const [menuOpened, menu] = useDisclosure();
  const [helpOpened, help] = useDisclosure();
  const take = useTakeKey();
  const isAuror = useCurrentUser().role === 'AUROR';
  const search = () => {
    const field = findElementOfKey('/');
    if (field) field.focus();
    else menu.open();
  };
  const edit = () => findElementOfKey('e')?.click();
  useShortcuts({
    single: {
      '/': search,
      '?': help.open,
      c: onReport,
      e: edit,
      j: () => moveFocusBetweenRows(1),
      k: () => moveFocusBetweenRows(-1),
      t: (event) => !event.repeat && take(),
    },
    withControl: { k: menu.open },
  });
  const commands = useMemo((): Command[] => {
    const pages = views.map(({ name, filters }) => ({
      name,
      group: 'Pages' as const,
      run: () => void navigate({ pathname: '/incidents', search: writeFiltersToSearchParams(filters).toString() }),
    }));
    return [
      { name: 'Report an incident', group: 'Actions', keys: 'c', run: onReport },
      ...(menuOpened && findElementOfKey('e') ? [{ name: 'Edit this incident', group: 'Actions', keys: 'e', run: edit } as const] : []),
      ...(menuOpened && findElementOfKey('t') ? [{ name: 'Take this incident', group: 'Actions', keys: 't', run: take } as const] : []),
      { name: 'Keyboard shortcuts', group: 'Actions', keys: '?', run: help.open },
      { name: 'Your account', group: 'Pages', run: () => void navigate('/account') },
      ...(isAuror ? pagesOfAurors.map(({ name, path }) => ({ name, group: 'Pages' as const, run: () => void navigate(path) })) : []),
      { name: 'Sign out', group: 'Actions', run: onLogout },
      ...pages,
    ];
  }, [navigate, onReport, onLogout, menuOpened, help.open, take, isAuror]);
  return (
    <>
      <CommandMenu opened={menuOpened} onClose={menu.close} commands={commands} />
      <ShortcutHelp opened={helpOpened} onClose={help.close} />
    </>
  );
}

import { NavLink } from '@mantine/core';
import { IconCircleCheck, IconInbox, IconProgress, IconUserCheck, IconUserQuestion } from '@tabler/icons-react';
import { Link, useLocation } from 'react-router';
import { readFiltersFromSearchParams, writeFiltersToSearchParams } from '../../entities/incident';
import { isSameSetOfFilters, views } from './views';

const icons = [IconInbox, IconProgress, IconUserCheck, IconUserQuestion, IconCircleCheck] as const;

export function ViewLinks({ onFollow }: { onFollow: () => void }) {
  const { pathname, search } = useLocation();
  const current = readFiltersFromSearchParams(new URLSearchParams(search));
  return views.map((view, at) => {
    const Icon = icons[at] ?? IconInbox;
    const text = writeFiltersToSearchParams(view.filters).toString();
    const active = pathname === '/incidents' && isSameSetOfFilters(view.filters, current);
    return (
      <NavLink
        key={view.name}
        component={Link}
        to={{ pathname: '/incidents', search: text && `?${text}` }}
        label={view.name}
        leftSection={<Icon size={18} stroke={1.7} aria-hidden />}
        active={active}
        aria-current={active ? 'page' : undefined}
        onClick={onFollow}
      />
    );
  });
}

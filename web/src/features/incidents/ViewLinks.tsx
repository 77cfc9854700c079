import { NavLink } from '@mantine/core';
import { IconCircleCheck, IconInbox, IconProgress, IconUserCheck, IconUserQuestion } from '@tabler/icons-react';
import { Link, useLocation } from 'react-router';
import { areSameFilters, readFiltersFromSearchParams, writeFiltersToSearchParams } from '../../entities/incident';
import { useIncidentCounts } from './api/countIncidents';
import { views, writeCountOfView } from './views';

const icons = [IconProgress, IconUserCheck, IconUserQuestion, IconCircleCheck, IconInbox] as const;

export function ViewLinks({ onFollow }: { onFollow: () => void }) {
  const { pathname, search } = useLocation();
  const { data: counts } = useIncidentCounts();
  const current = readFiltersFromSearchParams(new URLSearchParams(search));
  return views.map((view, at) => {
    const Icon = icons[at] ?? IconInbox;
    const text = writeFiltersToSearchParams(view.filters).toString();
    const active = pathname === '/incidents' && areSameFilters(view.filters, current);
    return (
      <NavLink
        key={view.name}
        component={Link}
        to={{ pathname: '/incidents', search: text && `?${text}` }}
        label={view.name}
        leftSection={<Icon size={18} stroke={1.7} aria-hidden />}
        rightSection={counts && <span data-testid="view-count">{writeCountOfView(counts, view)}</span>}
        active={active}
        aria-current={active ? 'page' : undefined}
        onClick={onFollow}
      />
    );
  });
}

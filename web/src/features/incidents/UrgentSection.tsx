import { Anchor, Group, Text, Title } from '@mantine/core';
import type { Incident } from '@owlpost/client';
import { IconFlame } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { SecondsAgo } from '../../components/TimeAgo';
import { UserAvatar } from '../../components/UserAvatar';
import { statusLabels, writeFiltersToSearchParams } from '../../entities/incident';
import { useChangedFields } from '../../realtime';
import { TakeItButton } from './TakeItButton';
import { sortUrgentForDuty, urgentFilters } from './alerts/alerts';
import { useIncidentList } from './api/listIncidents';
import classes from './UrgentSection.module.css';

function UrgentCard({ incident }: { incident: Incident }) {
  const changed = useChangedFields(incident.id);
  return (
    <li
      className={classes.card}
      data-incident-id={incident.id}
      data-changed={changed.has('severity') || changed.has('id') || undefined}
    >
      <Link to={`/incidents/${incident.id}`} className={classes.link}>
        {incident.title}
      </Link>
      <Text size="xs" className={classes.meta}>
        {statusLabels[incident.status]} · {incident.location ? `${incident.location} · ` : ''}
        <SecondsAgo time={incident.createdAt} />
      </Text>
      <div className={classes.whose}>
        {incident.assignee ? (
          <>
            <UserAvatar user={incident.assignee} size={22} aria-hidden />
            <Text size="xs" truncate>
              {incident.assignee.name}
            </Text>
          </>
        ) : (
          <Text size="xs" fw={600} className={classes.nobody}>
            Unassigned
          </Text>
        )}
        <span className={classes.action}>
          <TakeItButton incident={incident} />
        </span>
      </div>
    </li>
  );
}

/** As many as are seen at a glance; the rest is a list of its own. */
const MOST_CARDS = 9;

export function UrgentSection() {
  const { data, hasNextPage } = useIncidentList(urgentFilters);
  const incidents = useMemo(() => sortUrgentForDuty(data?.pages.flatMap((page) => page.incidents) ?? []), [data]);
  if (incidents.length === 0) return null;
  const more = incidents.length - MOST_CARDS;
  return (
    <section className={classes.section} aria-labelledby="urgent-heading">
      <Group gap={8} mb="sm">
        <IconFlame size={20} aria-hidden className={classes.icon} />
        <Title order={2} size="h5" id="urgent-heading">
          Urgent
        </Title>
        <Text size="sm" fw={600} className={classes.count}>
          {incidents.length}
          {hasNextPage ? '+' : ''}
        </Text>
      </Group>
      <ul className={classes.cards} aria-label="Urgent incidents">
        {incidents.slice(0, MOST_CARDS).map((incident) => (
          <UrgentCard key={incident.id} incident={incident} />
        ))}
      </ul>
      {more > 0 && (
        <Anchor component={Link} to={`/incidents?${writeFiltersToSearchParams(urgentFilters).toString()}`} className={classes.more}>
          {more}
          {hasNextPage ? '+' : ''} more urgent
        </Anchor>
      )}
    </section>
  );
}

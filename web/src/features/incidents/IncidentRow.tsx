import { Badge } from '@mantine/core';
import type { Incident } from '@owlpost/client';
import { IconMapPin } from '@tabler/icons-react';
import { memo } from 'react';
import { Link } from 'react-router';
import { SeverityBadge } from '../../components/SeverityBadge';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeAgo } from '../../components/TimeAgo';
import { UserAvatar } from '../../components/UserAvatar';
import { styleReadableBadgeText } from '../../components/badgeText';
import { shortenIncidentIdForPeople } from '../../entities/incident';
import { useChangedFields } from '../../realtime';
import { TakeItButton } from './TakeItButton';
import classes from './IncidentRow.module.css';

/** One incident of a list. A field that just changed glows for a moment. Of plain elements where it can be: a storm draws hundreds. */
export const IncidentRow = memo(function IncidentRow({ incident }: { incident: Incident }) {
  const changed = useChangedFields(incident.id);
  const glow = (field: keyof Incident) => (changed.has(field) ? classes.changed : undefined);
  const assigned = incident.assignee ? `Assigned to ${incident.assignee.name}` : 'Unassigned';
  return (
    <article
      className={classes.row}
      aria-label={incident.title}
      data-incident-id={incident.id}
      data-status={incident.status}
      data-severity={incident.severity}
      data-fresh={changed.has('id') || undefined}
    >
      <div className={classes.head}>
        <h3 className={classes.title}>
          <Link to={`/incidents/${incident.id}`} className={classes.link}>
            <span className={glow('title')}>{incident.title}</span>
          </Link>
          {changed.has('id') && (
            <Badge size="xs" variant="light" color="teal" ml={8} style={styleReadableBadgeText('teal')}>
              New
            </Badge>
          )}
        </h3>
        {incident.description && (
          <p className={classes.description} data-changed={changed.has('description') || undefined}>
            <span className={glow('description')}>{incident.description}</span>
          </p>
        )}
        <div className={classes.meta}>
          <span>{shortenIncidentIdForPeople(incident.id)}</span>
          <span aria-hidden>·</span>
          <span>
            {incident.reportedBy.name}, <TimeAgo time={incident.createdAt} />
          </span>
          {incident.location && (
            <span className={classes.location}>
              <IconMapPin size={13} aria-hidden />
              <span className={glow('location')}>{incident.location}</span>
            </span>
          )}
        </div>
      </div>
      <div className={classes.tags}>
        <span className={classes.action}>
          <TakeItButton incident={incident} variant="subtle" />
        </span>
        <SeverityBadge severity={incident.severity} className={glow('severity')} />
        <StatusBadge status={incident.status} className={glow('status')} />
        <span role="img" aria-label={assigned} title={assigned} className={`${classes.assignee} ${glow('assignee') ?? ''}`}>
          {incident.assignee ? <UserAvatar user={incident.assignee} title={undefined} /> : <span className={classes.nobody} />}
        </span>
      </div>
    </article>
  );
});

import type { InfiniteData } from '@tanstack/react-query';
import type { Incident } from '../../generated';
import type { IncidentPage, IncidentWithCounts } from '../../generated/rest';

export type { IncidentPage };
export type IncidentPages = InfiniteData<IncidentPage, unknown>;

/** What its own page shows; from a list it comes without counts. */
export type IncidentDetail = Incident & Partial<Pick<IncidentWithCounts, 'commentsCount' | 'viewersCount'>>;

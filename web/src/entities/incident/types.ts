import type { Incident } from '@owlpost/client';
import type { IncidentPage, IncidentWithCounts } from '@owlpost/client/rest';
import type { InfiniteData } from '@tanstack/react-query';

export type { IncidentPage };
export type IncidentPages = InfiniteData<IncidentPage, unknown>;

/** What its own page shows; from a list it comes without counts. */
export type IncidentDetail = Incident & Partial<Pick<IncidentWithCounts, 'commentsCount' | 'viewersCount'>>;

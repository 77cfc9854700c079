import type { InfiniteData } from '@tanstack/react-query';
import type { NotificationPage } from '../../generated/rest';

export type { NotificationPage };
export type NotificationPages = InfiniteData<NotificationPage, unknown>;

import type { NotificationPage } from '@owlpost/client/rest';
import type { InfiniteData } from '@tanstack/react-query';

export type { NotificationPage };
export type NotificationPages = InfiniteData<NotificationPage, unknown>;

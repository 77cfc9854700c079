import { createLazyPart } from '../../components/createLazyPart';

/** Opened without a connection, so it is loaded before there is need of it. */
export const WaitingPopover = createLazyPart(async () => (await import('./WaitingPopover')).WaitingPopover);

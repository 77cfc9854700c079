export { activityKeys } from './keys';
export { applyReceiptsToCached } from './reduceReceipts';
export type {
  FieldChange,
  IncidentInPast,
  PersonReceipt,
  ReceiptsOfIncident as Receipts,
  TimelineEntry,
  TimelineKind,
  TimelinePage,
} from '@owlpost/client/rest';

export { AccountDialog } from './AccountDialog';

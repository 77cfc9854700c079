export { OutletsPage } from './OutletsPage';

export { logoutUserOfThisBrowser } from './api/logoutUser';

/** The shell and the list: what people on duty load first, as one part, which compresses better than many. */
export { IncidentsRoute } from './pages/IncidentsRoute';
export { SignedInLayout } from './SignedInLayout';

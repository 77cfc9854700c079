import { useLocation, useNavigationType } from 'react-router';

/** For links that lead back to a page: in the state of the navigation, so that it is taken up where it was left. */
export const BACK = { isWayBack: true };

/** Whether a page is come back to, by the browser's button or by a link back. */
export function useIsComingBack(): boolean {
  const type = useNavigationType();
  const { state } = useLocation() as { state: { isWayBack?: boolean } | null };
  return type === 'POP' || state?.isWayBack === true;
}

import type { LinkOnce } from '@owlpost/client/rest';
import { SecretOnce } from '../../components/SecretOnce';
import { formatTimeInFull } from '../../lib/time';

interface Props {
  title: string;
  link: LinkOnce;
  onDismiss: () => void;
}

/** The server tells the page below its own address: how it is reached, this browser knows. */
export function OneTimeLink({ title, link, onDismiss }: Props) {
  return (
    <SecretOnce title={title} secret={window.location.origin + link.link} copyLabel="Copy link" onDismiss={onDismiss}>
      Hand it on yourself: it is good once, until {formatTimeInFull(link.expiresAt)}.
    </SecretOnce>
  );
}

import type { PresenceCounts } from '@owlpost/client';
import { formatCountWithNoun } from '../../lib/labels';

export function describeOnlineCountsInWords(byRole: PresenceCounts['byRole']): string {
  const seniors = `${formatCountWithNoun(byRole.AUROR, 'Auror')} online, ${formatCountWithNoun(byRole.PREFECT, 'Prefect')} online`;
  return `${seniors}, ${formatCountWithNoun(byRole.STUDENT, 'Student')}`;
}

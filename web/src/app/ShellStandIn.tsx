import type { StandInProps } from '../components/createLazyPart';
import { PageStandIn } from '../components/PageStandIn';
import { addBasePathTo } from '../lib/basePath';

/** Goes on with what `index.html` shows before any script is here, until the first page is. */
export function ShellStandIn(props: StandInProps) {
  if (props.failed) return <PageStandIn {...props} />;
  return (
    <div className="shell" role="status">
      <img src={addBasePathTo('/owl.svg')} width={72} height={72} alt="" />
      <span>Owl Post</span>
    </div>
  );
}

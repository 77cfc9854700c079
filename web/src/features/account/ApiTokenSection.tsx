import { Button, Loader, SegmentedControl, Stack, Text } from '@mantine/core';
import type { MadeToken } from '@owlpost/client/rest';
import { useState } from 'react';
import { QueryFailure } from '../../components/QueryFailure';
import { SecretOnce } from '../../components/SecretOnce';
import { TitledSection } from '../../components/TitledSection';
import { useCurrentUser } from '../../lib/session';
import { useApiTokens } from './api/apiTokens';
import { ApiTokenRow } from './ApiTokenRow';
import { NewTokenForm } from './NewTokenForm';

const WHOSE = [
  { value: 'mine', label: 'Yours' },
  { value: 'all', label: 'Everybody’s' },
];

function TokenList({ all }: { all: boolean }) {
  const tokens = useApiTokens(all);
  const rows = tokens.data?.pages.flatMap((page) => page.tokens) ?? [];
  return (
    <>
      {tokens.isPending && <Loader aria-label="Loading" size="sm" />}
      {tokens.isError && <QueryFailure error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {tokens.isSuccess && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          There are none.
        </Text>
      )}
      <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }} aria-label="API tokens">
        {rows.map((token) => (
          <ApiTokenRow key={token.id} token={token} showOwner={all} />
        ))}
      </Stack>
      {tokens.hasNextPage && (
        <Button variant="default" loading={tokens.isFetchingNextPage} onClick={() => void tokens.fetchNextPage()}>
          More
        </Button>
      )}
    </>
  );
}

/** Keys of one's tools; Aurors also see, and revoke, those of others. */
export function ApiTokenSection() {
  const me = useCurrentUser();
  const [whose, setWhose] = useState('mine');
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<MadeToken | null>(null);
  const isAuror = me.role === 'AUROR';
  return (
    <TitledSection
      title="API tokens"
      description="For tools: each may do what you may, within what it is good for. They outlive passwords and sign-ins; revoke what is not used."
      aside={!making && <Button onClick={() => setMaking(true)}>New token</Button>}
    >
      <Stack>
        {making && (
          <NewTokenForm
            onCancel={() => setMaking(false)}
            onMade={(token) => {
              setMade(token);
              setMaking(false);
            }}
          />
        )}
        {made && (
          <SecretOnce title={`The token “${made.name}”`} secret={made.token} copyLabel="Copy token" onDismiss={() => setMade(null)}>
            Put it where the tool reads it.
          </SecretOnce>
        )}
        {isAuror && (
          <SegmentedControl aria-label="Whose tokens" data={WHOSE} value={whose} onChange={setWhose} style={{ alignSelf: 'flex-start' }} />
        )}
        <TokenList all={isAuror && whose === 'all'} />
      </Stack>
    </TitledSection>
  );
}

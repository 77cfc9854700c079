import { Alert } from '@mantine/core';
import { IconLogout } from '@tabler/icons-react';
import { signedOutStore, type SignedOutReason } from '../../lib/signedOut';
import { useStore } from '../../lib/store';

const words: Record<SignedOutReason, { title: string; text: string }> = {
  ended: {
    title: 'Your sign-in was ended',
    text: 'It was signed out somewhere else, or your password was changed, or an Auror deactivated your account. If you cannot sign in any more, ask one.',
  },
  lapsed: {
    title: 'Your sign-in has expired',
    text: 'You were away for long, or it was ended meanwhile.',
  },
};

/** Why one is here again. What was begun and not sent is kept for whoever signs in as the same person. */
export function SignedOutNotice() {
  const reason = useStore(signedOutStore);
  if (!reason) return null;
  const { title, text } = words[reason];
  return (
    <Alert color="yellow" icon={<IconLogout aria-hidden />} title={title} mb="md" styles={{ label: { color: 'var(--mantine-color-text)' } }} role="status" data-testid="signed-out">
      {text} What you had begun to write is kept.
    </Alert>
  );
}

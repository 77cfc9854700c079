import { Button } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { announcePolitelyToReaders } from '../lib/announcer';
import { copyTextToClipboard } from '../lib/clipboard';

const SAID_MS = 2_000;

interface Props {
  /** What the button says, such as "Copy link". */
  label: string;
  readText: () => string;
}

export function CopyTextButton({ label, readText }: Props) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    const words = (await copyTextToClipboard(readText())) ? 'Copied' : 'The browser did not let it be copied';
    setSaid(words);
    announcePolitelyToReaders(words);
  };
  const Icon = said === 'Copied' ? IconCheck : IconCopy;
  return (
    <Button variant="subtle" color="gray" size="compact-xs" leftSection={<Icon size={13} aria-hidden />} onClick={() => void copy()}>
      {said ?? label}
    </Button>
  );
}

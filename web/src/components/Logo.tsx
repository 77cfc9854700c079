import { Group, Text } from '@mantine/core';
import { addBasePathTo } from '../lib/basePath';

export function Logo({ size = 30, withName = true }: { size?: number; withName?: boolean }) {
  return (
    <Group gap={10} wrap="nowrap">
      <img src={addBasePathTo('/owl.svg')} width={size} height={size} alt="" />
      {withName && (
        <Text fw={700} fz={size * 0.6} lh={1} style={{ letterSpacing: '-0.02em', whiteSpace: 'nowrap' }}>
          Owl Post
        </Text>
      )}
    </Group>
  );
}

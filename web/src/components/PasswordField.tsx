import { PasswordInput, Text, type PasswordInputProps } from '@mantine/core';
import { useState, type KeyboardEvent, type Ref } from 'react';

type Props = PasswordInputProps & { ref?: Ref<HTMLInputElement> };

/** A password, and a word about Caps Lock, which nobody sees in dots. */
export function PasswordField({ onBlur, ...props }: Props) {
  const [capsLock, setCapsLock] = useState(false);
  const notice = (event: KeyboardEvent) => setCapsLock(event.getModifierState('CapsLock'));
  return (
    <div onKeyDown={notice} onKeyUp={notice}>
      <PasswordInput
        {...props}
        onBlur={(event) => {
          setCapsLock(false);
          onBlur?.(event);
        }}
      />
      <Text size="xs" aria-live="polite" c="light-dark(#8a3206, #ffd8a8)" mt={capsLock ? 4 : 0}>
        {capsLock && 'Caps Lock is on.'}
      </Text>
    </div>
  );
}

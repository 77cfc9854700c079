import type { Role } from '@owlpost/client';
import { useEffect, useRef } from 'react';
import { roleLabels } from '../../lib/roles';
import { showToastOnTop } from '../../lib/toasts';

/** Buttons come and go with a role: says why. */
export function useToastOfChangedRole(role: Role): void {
  const known = useRef(role);
  useEffect(() => {
    if (known.current === role) return;
    known.current = role;
    showToastOnTop({ id: 'role', color: 'indigo', title: `Your role is ${roleLabels[role]} now`, message: 'What you may do here has changed with it.' });
  }, [role]);
}

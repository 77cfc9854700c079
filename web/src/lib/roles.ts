import type { Role, User } from '@owlpost/client';

export const roleLabels: Record<Role, string> = { STUDENT: 'Student', PREFECT: 'Prefect', AUROR: 'Auror' };

export function isPrefectOrAurorRole(user: User): boolean {
  return user.role === 'PREFECT' || user.role === 'AUROR';
}

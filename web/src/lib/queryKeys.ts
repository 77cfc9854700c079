/** Keys of the query cache that belong to no entity; those of entities stand beside their shapes. */
export const queryKeys = {
  meta: ['meta'] as const,
  loginSessions: ['account', 'sessions'] as const,
  everyApiToken: ['account', 'tokens'] as const,
  apiTokens: (all: boolean) => ['account', 'tokens', all] as const,
  everyUser: ['users'] as const,
  /** Whether it is somebody's. */
  handle: (handle: string) => ['handle', handle] as const,
  userSearch: (q: string, assignable: boolean) => ['users', q, assignable] as const,
  people: (q: string, deactivated: boolean) => ['users', 'people', q, deactivated] as const,
  invitations: ['invitations'] as const,
  push: ['account', 'push'] as const,
  everyOutlet: ['outlets'] as const,
  outletList: ['outlets', 'list'] as const,
  webhooks: ['outlets', 'webhooks'] as const,
  gapAfter: (position: string) => ['outlets', 'gap', position] as const,
};

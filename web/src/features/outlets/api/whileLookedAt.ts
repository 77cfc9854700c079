const LOOK_MS = 5_000;

/** No event says how far an outlet is: it is asked for again and again, as long as somebody looks. */
export const whileLookedAt = { staleTime: 0, refetchInterval: LOOK_MS, refetchOnWindowFocus: true } as const;

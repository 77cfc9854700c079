import type { User } from '../generated';

export const harry: User = { id: 'u-harry', email: 'harry.potter@hogwarts.edu', name: 'Harry Potter', role: 'STUDENT', handle: 'harry.potter' };
export const percy: User = { id: 'u-percy', email: 'percy.weasley@hogwarts.edu', name: 'Percy Weasley', role: 'PREFECT', handle: 'percy.weasley' };

import type { Comment, Incident, User } from '@owlpost/client';
import type { TestServer } from './server';

export const PASSWORD = 'alohomora1';

export const castle = {
  harry: 'harry.potter',
  hermione: 'hermione.granger',
  ron: 'ron.weasley',
  percy: 'percy.weasley',
  cedric: 'cedric.diggory',
  tonks: 'nymphadora.tonks',
  kingsley: 'kingsley.shacklebolt',
} as const;
export type Person = keyof typeof castle;

export interface Login {
  user: User;
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

/** Of those who register in tests: long and odd enough for the server. */
export const NEW_PASSWORD = 'three broomsticks and a mead';
let newcomers = 0;

/** Somebody of whom no other test knows, so that it harms none what becomes of them. */
export async function registerNewcomer(server: TestServer, name = 'Winky'): Promise<Login> {
  newcomers += 1;
  const email = `newcomer${process.pid}x${Date.now().toString(36)}x${newcomers}@hogwarts.edu`;
  const response = await fetch(`${server.url}/api/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, name, password: NEW_PASSWORD }),
  });
  if (!response.ok) throw new Error(`registration of ${email}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Login;
}

/** Somebody who acts by REST alone, as a script would. */
export class ApiActor {
  constructor(
    private readonly server: TestServer,
    readonly login: Login,
  ) {}

  static async signIn(server: TestServer, person: Person): Promise<ApiActor> {
    const email = `${castle[person]}@hogwarts.edu`;
    const response = await fetch(`${server.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    if (!response.ok) throw new Error(`login of ${email}: ${response.status} ${await response.text()}`);
    return new ApiActor(server, (await response.json()) as Login);
  }

  get user(): User {
    return this.login.user;
  }

  get url(): string {
    return this.server.url;
  }

  async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.server.url + path, {
      method,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${this.login.accessToken}` },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  report(incident: Partial<Incident> & { title: string; assigneeId?: string }): Promise<Incident> {
    return this.send('POST', '/api/incidents', incident);
  }

  update(id: string, changes: object): Promise<Incident> {
    return this.send('PATCH', `/api/incidents/${id}`, changes);
  }

  take(id: string): Promise<unknown> {
    return this.send('POST', `/api/incidents/${id}/acknowledge`, {});
  }

  /** For pages without alerts. */
  async takeEverythingUrgent(): Promise<void> {
    const { incidents } = await this.send<{ incidents: Incident[] }>('GET', '/api/incidents?severity=CRITICAL&status=OPEN,IN_PROGRESS&limit=100');
    for (const { id, acknowledgedAt } of incidents) if (acknowledgedAt === null) await this.take(id);
  }

  resolve(id: string, resolution: string): Promise<unknown> {
    return this.send('DELETE', `/api/incidents/${id}`, { resolution });
  }

  /** For tests that need a place among the few that are shown as urgent: what others left there is resolved. */
  async resolveEverythingUrgent(): Promise<void> {
    const urgent = '/api/incidents?severity=CRITICAL&status=OPEN,IN_PROGRESS&limit=100';
    for (;;) {
      const { incidents } = await this.send<{ incidents: Incident[] }>('GET', urgent);
      if (incidents.length === 0) return;
      for (const { id } of incidents) await this.resolve(id, 'Left by another test');
    }
  }

  comment(id: string, content: string): Promise<Comment> {
    return this.send('POST', `/api/incidents/${id}/comments`, { content });
  }
}

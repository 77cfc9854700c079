// Users by role. Everybody registers as a STUDENT; the server's own Auror gives the other roles.
import { randomBytes } from 'node:crypto';
import { requestApiExpectingStatus } from './api.mjs';

export const TEST_PASSWORD = 'alohomora-for-tests';

/** The User shape that payloads carry, without what only the tests know. */
export function pickPublicUserFields({ id, email, name, role, handle }) {
  return { id, email, name, role, handle };
}

/** A new user: the public fields and `handle`, `token`, `refreshToken`. */
export async function createUserWithRole(server, role = 'STUDENT', name = 'Luna Lovegood') {
  const handle = `${name.toLowerCase().replaceAll(' ', '.')}.${randomBytes(4).toString('hex')}`;
  const account = { email: `${handle}@hogwarts.edu`, name, password: TEST_PASSWORD };
  const session = await requestApiExpectingStatus(201, server, null, 'POST', '/api/auth/register', account);
  const user = { ...session.user, handle, token: session.accessToken, refreshToken: session.refreshToken };
  if (role !== 'STUDENT') await changeRoleOfUser(server, user, role);
  return user;
}

/** Gives `user` another role, as the server's Auror. */
export async function changeRoleOfUser(server, user, role) {
  await requestApiExpectingStatus(200, server, server.auror, 'PATCH', `/api/users/${user.id}`, { role });
  user.role = role;
}

/** The access token of a new user with that role. */
export async function createUserTokenByRole(server, role) {
  return (await createUserWithRole(server, role)).token;
}

/** Several new users at once, in order. */
export function createUsersWithRoles(server, ...roles) {
  return Promise.all(roles.map((role) => createUserWithRole(server, role)));
}

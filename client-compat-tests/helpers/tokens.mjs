// Access tokens made by hand, good and bad, for a server whose JWT_SECRET the tests chose.
import { createHmac, randomBytes } from 'node:crypto';

const HMAC_OF_ALGORITHM = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

/** A secret for one server, longer than the 32 bytes it asks for. */
export function generateSecretForTheServer() {
  return randomBytes(32).toString('hex');
}

/**
 * A token for `user` as the server would issue it. `claims` are laid over the usual ones (a claim set to
 * undefined is left out); `algorithm` may also be `none`, which leaves the signature empty.
 */
export function mintAccessTokenForUser(secret, user, { expiresInSeconds = 900, claims = {}, algorithm = 'HS256' } = {}) {
  const issuedAt = Math.floor(Date.now() / 1000);
  const payload = {
    sub: user.id,
    email: user.email,
    name: user.name,
    role: user.role,
    type: 'access',
    iat: Math.min(issuedAt, issuedAt + expiresInSeconds),
    exp: issuedAt + expiresInSeconds,
    ...claims,
  };
  return signTokenPartsWithSecret(secret, { alg: algorithm, typ: 'JWT' }, payload);
}

/** The same token with its claims replaced but its old signature kept. */
export function forgeClaimsOfGivenToken(token, claims) {
  const [header, payload, signature] = token.split('.');
  const forged = { ...JSON.parse(Buffer.from(payload, 'base64url')), ...claims };
  return [header, encodeJsonAsBase64Url(forged), signature].join('.');
}

function signTokenPartsWithSecret(secret, header, payload) {
  const signed = `${encodeJsonAsBase64Url(header)}.${encodeJsonAsBase64Url(payload)}`;
  if (header.alg === 'none') return `${signed}.`;
  const signature = createHmac(HMAC_OF_ALGORITHM[header.alg], secret).update(signed).digest('base64url');
  return `${signed}.${signature}`;
}

function encodeJsonAsBase64Url(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

// What the published documents say a server sends, compared with all that it does send to a test: every answer of REST
// with docs/openapi.json, every event of a socket with docs/PROTOCOL.asyncapi.yaml. Fields that no document knows are
// departures too, so that nothing is sent that is not described.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

const DOCS = new URL('../../docs/', import.meta.url);
const DEPARTURES_KEPT = 20;

/** The OpenAPI document of the repository. */
export const OPENAPI = JSON.parse(readFileSync(new URL('openapi.json', DOCS), 'utf8'));
/** The AsyncAPI document of the repository. */
export const ASYNCAPI = parse(readFileSync(new URL('PROTOCOL.asyncapi.yaml', DOCS), 'utf8'));

const openapi = buildValidatorOfDocument(OPENAPI);
const asyncapi = buildValidatorOfDocument(ASYNCAPI);
const messagesByEvent = new Map(
  Object.entries(ASYNCAPI.components.messages).map(([key, { name }]) => [name, `/components/messages/${key}/payload`]),
);
/** Every event that the document names. */
export const NAMES_OF_EVENTS = [...messagesByEvent.keys()];
const eventDepartures = [];

function resolveReferenceInDocument(document, reference) {
  const keys = reference.replace('#/', '').split('/');
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')).reduce((value, key) => value[key], document);
}

/** A copy in which objects take no field but those described; parts of an `allOf` only together. */
function closeSchemasAgainstUnknownFields(document, value, isPartOfAllOf = false) {
  if (Array.isArray(value)) return value.map((item) => closeSchemasAgainstUnknownFields(document, item));
  if (value === null || typeof value !== 'object') return value;
  const closed = Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, closeSchemasAgainstUnknownFields(document, field)]),
  );
  if (Array.isArray(value.allOf)) {
    closed.allOf = value.allOf.map((part) => {
      const schema = part.$ref ? resolveReferenceInDocument(document, part.$ref) : part;
      return closeSchemasAgainstUnknownFields(document, schema, true);
    });
  }
  const isObjectSchema = value.type === 'object' && value.properties !== undefined;
  if (!isPartOfAllOf && (isObjectSchema || Array.isArray(value.allOf))) closed.unevaluatedProperties = false;
  return closed;
}

/** Returns `(pointer, value)`, which says how a value departs from the schema there; nothing if it does not. */
function buildValidatorOfDocument(document) {
  // The documents have keywords beside those of JSON Schema, such as `discriminator`.
  const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
  ajv.addSchema(closeSchemasAgainstUnknownFields(document, document), 'document', false, false);
  return (pointer, value) => {
    const validate = ajv.getSchema(`document#${encodeURI(pointer)}`);
    assert.ok(validate, `there is a schema at ${pointer}`);
    return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'it' });
  };
}

function findOperationByMethodAndPath(method, path) {
  const segments = path.split('?')[0].split('/');
  const fits = (template) => {
    const known = template.split('/');
    return known.length === segments.length && known.every((part, n) => part === segments[n] || (part.startsWith('{') && segments[n] !== ''));
  };
  const templates = Object.keys(OPENAPI.paths).filter(fits);
  const [template] = templates.sort((a, b) => a.split('{').length - b.split('{').length);
  return template && OPENAPI.paths[template][method.toLowerCase()] && { template, method: method.toLowerCase() };
}

/**
 * Fails unless the document lists this answer of this operation, and its schema fits the body. `default` stands for
 * faults of a server, and for a body where none is described: what else a client does wrong has an answer of its own.
 */
export function checkAnswerAgainstDocument(method, path, { status, body }) {
  const operation = findOperationByMethodAndPath(method, path);
  if (!operation) return;
  const { responses, requestBody } = OPENAPI.paths[operation.template][operation.method];
  const unforeseen = status >= 500 || (status === 413 && requestBody === undefined);
  const key = !responses[status] && unforeseen ? 'default' : String(status);
  assert.ok(responses[key], `${method} ${path} is documented to answer ${status}: ${JSON.stringify(body)}`);
  const reference = responses[key].$ref;
  const response = reference ? resolveReferenceInDocument(OPENAPI, reference) : responses[key];
  if (response.content?.['application/json'] === undefined) return;
  const own = ['paths', operation.template, operation.method, 'responses', key].map((part) => part.replaceAll('/', '~1'));
  const pointer = reference ? reference.slice(1) : `/${own.join('/')}`;
  const departure = openapi(`${pointer}/content/application~1json/schema`, body);
  assert.ok(!departure, `${method} ${path} answered ${status} with ${JSON.stringify(body)}, but ${departure}`);
}

/** Remembers how an event departs from the document, for `expectNoDepartureOfEvents`: listeners must not throw. */
export function recordDepartureOfEvent(name, payload) {
  const pointer = messagesByEvent.get(name);
  const departure = pointer ? asyncapi(pointer, payload) : 'no such event is described';
  if (departure && eventDepartures.length < DEPARTURES_KEPT) {
    eventDepartures.push(`${name} ${JSON.stringify(payload)}: ${departure}`);
  }
}

/** Fails if an event received since the last call departs from the document. */
export function expectNoDepartureOfEvents() {
  assert.deepEqual(eventDepartures.splice(0), [], 'events are as docs/PROTOCOL.asyncapi.yaml describes them');
}

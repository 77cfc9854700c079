// Payloads no event may stumble over. Every event takes one object with one field of its own.

/** JSON text of objects nested `depth` deep. */
export function buildDeeplyNestedObject(depth) {
  let nested = 'bottom';
  for (let level = 0; level < depth; level += 1) nested = { a: nested };
  return nested;
}

/** Nesting that every release may send: the msgpack decoder of the server's library ends the connection at 128. */
const DEPTH_FOR_RELEASE = { msgpack: 100 };

/** Each by name: the arguments of the event, all to be answered with VALIDATION_ERROR. */
export function listInvalidPayloadsForField(field, release) {
  return {
    nothing: [],
    null: [null],
    a_string: ['incidents'],
    a_number: [42],
    true: [true],
    an_array: [[{ [field]: 'incidents' }]],
    an_empty_object: [{}],
    a_field_in_the_wrong_case: [{ [field.toUpperCase()]: 'x' }],
    a_number_in_its_field: [{ [field]: 42 }],
    null_in_its_field: [{ [field]: null }],
    true_in_its_field: [{ [field]: true }],
    an_array_in_its_field: [{ [field]: ['incidents'] }],
    an_object_in_its_field: [{ [field]: { $ne: null } }],
    deep_objects_in_its_field: [{ [field]: buildDeeplyNestedObject(DEPTH_FOR_RELEASE[release] ?? 500) }],
  };
}

/** Strings that are neither a UUID nor anything else a field with an id may hold. */
export const STRINGS_THAT_ARE_NO_IDS = [
  '',
  '123',
  'nul\u0000byte',
  '0192c0de-0000-7000-8000-00000000000',
  'g192c0de-0000-7000-8000-000000000000',
  "' OR 1=1 --",
  '../../etc/passwd',
  '\ud800 lone surrogate',
  'x'.repeat(20_000),
];

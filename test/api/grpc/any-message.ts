/** Values for property tests of the wire, made from the tables. */
import fc from 'fast-check';
import type { FieldType, MessageType } from '../../../src/api/grpc/protobuf/message.ts';

/** Any value of a message, made from its table. */
export function anyMessage(type: MessageType<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(type.fields).map(([name, field]): [string, fc.Arbitrary<unknown>] => {
    const one = anyOf(field.type);
    if (field.repeated) return [name, fc.array(one, { maxLength: 3 })];
    return [name, field.explicit || field.type.is === 'message' ? fc.option(one, { nil: undefined }) : one];
  });
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true }).map((value) => oneOfEachGroup(type, value));
}

function oneOfEachGroup(type: MessageType<unknown>, value: Record<string, unknown>): Record<string, unknown> {
  const seen = new Set<string>();
  const kept = Object.entries(type.fields).map(([name, { oneof }]): [string, unknown] => {
    if (oneof === undefined || value[name] === undefined) return [name, value[name]];
    const first = !seen.has(oneof);
    seen.add(oneof);
    return [name, first ? value[name] : undefined];
  });
  return Object.fromEntries(kept);
}

function anyOf(type: FieldType): fc.Arbitrary<unknown> {
  if (type.is === 'message') {
    // JSON's times are made in milliseconds here.
    if (type.of.name === 'Timestamp')
      return fc.record(
        { seconds: fc.integer(), nanos: fc.integer({ min: 0, max: 999 }).map((ms) => ms * 1e6) },
        { noNullPrototype: true },
      );
    return anyMessage(type.of);
  }
  if (type.is === 'enum') return fc.constantFrom(...Object.keys(type.of.values));
  switch (type.scalar) {
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'bytes':
      return fc.uint8Array().map((bytes) => Buffer.from(bytes));
    case 'bool':
      return fc.boolean();
    case 'int32':
      return fc.integer();
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case 'int64':
      return fc.maxSafeInteger();
  }
}

/**
 * Messages as JSON, as the gateway of Tinkerbell wrote them: names as in the tables, 64-bit numbers as text, bytes in
 * base64, times by RFC 3339; what is zero is left out. Pure.
 */
import { camelCase } from './descriptor.ts';
import { type FieldType, type MessageType, nameOf } from './message.ts';

/** JSON that is no such message. */
export class MalformedJson extends Error {
  /** Path of the field; '' for the whole. */
  readonly field: string;
  constructor(field: string, message: string) {
    super(`${field || 'the body'} ${message}`);
    this.name = 'MalformedJson';
    this.field = field;
  }
}

/** A message's value to JSON. */
export function toJson(type: MessageType<unknown>, value: unknown): unknown {
  if (type.name === 'Timestamp') return timeText(value as { seconds: number; nanos: number });
  const given = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(type.fields).flatMap(([name, field]) => {
      const each = given[name];
      if (each === undefined || (Array.isArray(each) && each.length === 0)) return [];
      if (Array.isArray(each)) return [[name, each.map((one) => valueToJson(field.type, one))]];
      return !field.explicit && isZero(field.type, each) ? [] : [[name, valueToJson(field.type, each)]];
    }),
  );
}

function isZero(type: FieldType, value: unknown): boolean {
  if (type.is === 'message') return false;
  if (type.is === 'enum') return type.of.values[value as string] === 0;
  return Buffer.isBuffer(value) ? value.length === 0 : !value;
}

function valueToJson(type: FieldType, value: unknown): unknown {
  if (type.is === 'message') return toJson(type.of, value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  return type.is === 'scalar' && type.scalar === 'int64' ? String(value) : value;
}

function timeText({ seconds, nanos }: { seconds: number; nanos: number }): string {
  return new Date(seconds * 1000 + nanos / 1e6).toISOString();
}

/**
 * JSON to a message's value, as its `decode` gives it. Names may be as in the tables or in camel case.
 * @throws MalformedJson naming the field
 */
export function fromJson<T>(type: MessageType<T>, json: unknown, path = ''): T {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new MalformedJson(path, `is not a JSON object, which ${type.name} is`);
  const value = type.decode(Buffer.alloc(0)) as Record<string, unknown>;
  for (const [key, given] of Object.entries(json)) {
    const known = Object.entries(type.fields).find(([name]) => name === key || camelCase(name) === key);
    const at = path === '' ? key : `${path}.${key}`;
    if (!known) throw new MalformedJson(at, `is not known: ${type.name} has no such field`);
    if (given === null) continue;
    const [name, field] = known;
    if (field.repeated && !Array.isArray(given)) throw new MalformedJson(at, 'is not a list');
    value[name] = Array.isArray(given)
      ? given.map((each, i) => valueFromJson(field.type, each, `${at}[${i}]`))
      : valueFromJson(field.type, given, at);
  }
  return value as T;
}

function valueFromJson(type: FieldType, value: unknown, at: string): unknown {
  if (type.is === 'message') return type.of.name === 'Timestamp' ? timeFrom(value, at) : fromJson(type.of, value, at);
  if (type.is === 'enum') {
    const name = typeof value === 'number' ? nameOf(type.of, value) : String(value);
    if (name !== undefined && Object.hasOwn(type.of.values, name)) return name;
    throw new MalformedJson(at, `is none of ${Object.keys(type.of.values).join(', ')}`);
  }
  switch (type.scalar) {
    case 'string':
      if (typeof value === 'string') return value;
      throw new MalformedJson(at, 'is not text');
    case 'bytes':
      if (typeof value === 'string') return Buffer.from(value, 'base64');
      throw new MalformedJson(at, 'is not text in base64');
    case 'bool':
      if (typeof value === 'boolean') return value;
      throw new MalformedJson(at, 'is neither true nor false');
    case 'int32':
    case 'int64':
    case 'uint32': {
      const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
      if (Number.isSafeInteger(number)) return number;
      throw new MalformedJson(at, 'is not a whole number');
    }
  }
}

function timeFrom(value: unknown, at: string): { seconds: number; nanos: number } {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw new MalformedJson(at, 'is not a time such as 2020-07-01T12:00:00Z');
  return { seconds: Math.floor(ms / 1000), nanos: (ms - Math.floor(ms / 1000) * 1000) * 1e6 };
}

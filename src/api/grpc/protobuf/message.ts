/**
 * Messages as tables: `message('GetRequest', { id: text(1) })` is the type, the codec and what reflection tells of it.
 * A field that is absent reads as its zero value, as in proto3; an absent message reads as undefined.
 */
import { fieldOf, LENGTH_DELIMITED, MalformedMessage, type RawField, rawFields, VARINT } from './wire.ts';

export type Scalar = 'string' | 'bytes' | 'int32' | 'int64' | 'uint32' | 'bool';

export type FieldType =
  | { is: 'scalar'; scalar: Scalar }
  | { is: 'enum'; of: EnumType<string> }
  | { is: 'message'; of: MessageType<unknown> };

/** One row of a message's table. `T` is what it reads as. */
export interface Field<T> {
  number: number;
  type: FieldType;
  repeated: boolean;
  /** Name of the group of fields of which only one may be there. */
  oneof?: string;
  /** It is written even when it is zero, and reads as undefined when it is absent. Fields of a group are such. */
  explicit?: true;
  /** Never set: it carries the type. */
  reads?: T;
}

/** An enumeration: its values travel as numbers. */
export interface EnumType<N extends string> {
  name: string;
  values: Record<N, number>;
}

/** A message: how it is encoded and decoded, and what its fields are for descriptors and JSON. */
export interface MessageType<T> {
  /** Name within its package; of a message in a message: `Hardware.Network`. */
  name: string;
  fields: Record<string, Field<unknown>>;
  /** @throws MalformedMessage */
  decode(bytes: Buffer): T;
  encode(value: Sendable<T>): Buffer;
}

/** What a message holds once it is decoded. */
export type MessageOf<M> = M extends MessageType<infer T> ? T : never;

/** What may be given to be encoded: whatever is left out is absent. */
export type Sendable<T> = T extends Buffer
  ? T
  : T extends (infer U)[]
    ? Sendable<U>[]
    : T extends object
      ? { [K in keyof T]?: Sendable<T[K]> }
      : T;

type Shape<F> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

const scalar =
  <T>(kind: Scalar) =>
  (number: number): Field<T> => ({ number, type: { is: 'scalar', scalar: kind }, repeated: false });

export const text = scalar<string>('string');
export const blob = scalar<Buffer>('bytes');
export const int32 = scalar<number>('int32');
/** Numbers beyond 2^53 are refused: none of these protocols has a use for them. */
export const int64 = scalar<number>('int64');
export const uint32 = scalar<number>('uint32');
export const flag = scalar<boolean>('bool');

/** A repeated field. */
export function many<T>(field: Field<T>): Field<Exclude<T, undefined>[]> {
  return { number: field.number, type: field.type, repeated: true };
}

/** A field with a message in it. */
export function one<T>(number: number, of: MessageType<T>): Field<T | undefined> {
  return { number, type: { is: 'message', of }, repeated: false };
}

/** A field with a value of an enumeration. */
export function choice<N extends string>(number: number, of: EnumType<N>): Field<N> {
  return { number, type: { is: 'enum', of }, repeated: false };
}

/** A field of which it is known whether it was sent (`optional` in proto3). */
export function explicit<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, explicit: true };
}

/** A field of a group of which one at the most is sent. */
export function oneOf<T>(oneof: string, field: Field<T>): Field<T | undefined> {
  return { ...explicit(field), oneof };
}

/** Declares an enumeration. @param name in its package */
export function enumeration<N extends string>(name: string, values: Record<N, number>): EnumType<N> {
  return { name, values };
}

/** Declares a message. @param name in its package */
export function message<F extends Record<string, Field<unknown>>>(name: string, fields: F): MessageType<Shape<F>> {
  const byNumber = new Map(Object.entries(fields).map(([key, field]) => [field.number, { key, field }]));
  return {
    name,
    fields,
    decode(bytes) {
      const value: Record<string, unknown> = {};
      for (const [key, field] of Object.entries(fields)) {
        value[key] = field.repeated ? [] : field.explicit ? undefined : zeroOf(field.type);
      }
      for (const raw of rawFields(bytes)) {
        const known = byNumber.get(raw.number);
        if (!known) continue;
        const read = readField(raw, known.field.type, `${name}.${known.key}`);
        const there = value[known.key];
        // Of a group, the last counts.
        if (known.field.oneof !== undefined)
          for (const [key, { oneof }] of Object.entries(fields))
            if (oneof === known.field.oneof) value[key] = undefined;
        if (Array.isArray(there) && known.field.repeated) there.push(read);
        else value[known.key] = read;
      }
      return value as Shape<F>;
    },
    encode(value) {
      const parts: Buffer[] = [];
      for (const [key, field] of Object.entries(fields)) {
        const given = (value as Record<string, unknown>)[key];
        for (const each of field.repeated ? ((given ?? []) as unknown[]) : [given]) {
          if (each === undefined || (!field.repeated && isZero(each, field))) continue;
          parts.push(...fieldOf(field.number, writeField(each, field.type)));
        }
      }
      return Buffer.concat(parts);
    },
  };
}

function zeroOf(type: FieldType): unknown {
  switch (type.is) {
    case 'message':
      return undefined;
    case 'enum':
      return nameOf(type.of, 0) ?? Object.keys(type.of.values)[0];
    case 'scalar':
      return type.scalar === 'string'
        ? ''
        : type.scalar === 'bytes'
          ? Buffer.alloc(0)
          : type.scalar === 'bool'
            ? false
            : 0;
  }
}

/** Absent on the wire. */
function isZero(value: unknown, { type, explicit }: Field<unknown>): boolean {
  if (explicit || type.is === 'message') return false;
  return Buffer.isBuffer(value) ? value.length === 0 : value === zeroOf(type);
}

/** The name of an enum's number, if it has one. */
export function nameOf<N extends string>({ values }: EnumType<N>, number: number): N | undefined {
  return (Object.keys(values) as N[]).find((name) => values[name] === number);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readField(raw: RawField, type: FieldType, path: string): unknown {
  const isNumber = type.is === 'enum' || (type.is === 'scalar' && type.scalar !== 'string' && type.scalar !== 'bytes');
  if (isNumber) {
    if (raw.wire !== VARINT) throw new MalformedMessage(`${path} is not a number there`);
    return type.is === 'enum' ? readEnum(raw.value, type.of, path) : readNumber(raw.value, type.scalar, path);
  }
  if (raw.wire !== LENGTH_DELIMITED) throw new MalformedMessage(`${path} is a number there`);
  if (type.is === 'message') return type.of.decode(raw.value);
  if (type.is === 'scalar' && type.scalar === 'bytes') return raw.value;
  try {
    return utf8.decode(raw.value);
  } catch {
    throw new MalformedMessage(`${path} is not UTF-8`);
  }
}

function readEnum(value: bigint, of: EnumType<string>, path: string): string {
  const name = nameOf(of, Number(BigInt.asIntN(32, value)));
  if (name === undefined) throw new MalformedMessage(`${path} is ${value}, which ${of.name} has not`);
  return name;
}

function readNumber(value: bigint, kind: Scalar, path: string): number | boolean {
  if (kind === 'bool') return value !== 0n;
  if (kind === 'uint32') return Number(BigInt.asUintN(32, value));
  if (kind === 'int32') return Number(BigInt.asIntN(32, value));
  const number = Number(BigInt.asIntN(64, value));
  if (!Number.isSafeInteger(number)) throw new MalformedMessage(`${path} is too large a number`);
  return number;
}

function writeField(value: unknown, type: FieldType): bigint | Buffer {
  switch (type.is) {
    case 'message':
      return type.of.encode(value as Sendable<unknown>);
    case 'enum':
      return BigInt(type.of.values[value as string] ?? 0);
    case 'scalar':
      if (Buffer.isBuffer(value)) return value;
      if (typeof value === 'string') return Buffer.from(value);
      return BigInt(value === true ? 1 : value === false ? 0 : Math.trunc(value as number));
  }
}

/** The wire format of protocol buffers: a message is a row of numbered fields, each of one of four forms. Pure. */

/** The message is not what its sender's tables say, or no message at all. */
export class MalformedMessage extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedMessage';
  }
}

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** A field before its message's table gives it a name and a type. Fixed forms are kept as their bytes. */
export type RawField = { number: number } & (
  | { wire: typeof VARINT; value: bigint }
  | { wire: typeof LENGTH_DELIMITED | typeof FIXED64 | typeof FIXED32; value: Buffer }
);

/**
 * Splits a message into its fields, in their order.
 * @throws MalformedMessage
 */
export function* rawFields(bytes: Buffer): Generator<RawField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new MalformedMessage('it ends in the middle of a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedMessage('it has a number of more than 10 bytes');
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new MalformedMessage('it ends in the middle of a field');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (number < 1 || number > 0x1fff_ffff) throw new MalformedMessage(`it has a field with the number ${number}`);
    switch (wire) {
      case VARINT:
        yield { number, wire, value: varint() };
        break;
      case LENGTH_DELIMITED:
        yield { number, wire, value: take(Number(varint())) };
        break;
      case FIXED64:
      case FIXED32:
        yield { number, wire, value: take(wire === FIXED64 ? 8 : 4) };
        break;
      default:
        // 3 and 4 are groups, which nobody uses since proto3; 6 and 7 are nothing.
        throw new MalformedMessage(`field ${number} has the form ${wire}, which there is not`);
    }
  }
}

/** A base-128 number; a negative one as its two's complement in 64 bits. */
export function varintOf(value: bigint | number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** A field on the wire. */
export function fieldOf(number: number, value: bigint | number | Buffer): Buffer[] {
  return Buffer.isBuffer(value)
    ? [varintOf((number << 3) | LENGTH_DELIMITED), varintOf(value.length), value]
    : [varintOf(number << 3), varintOf(value)];
}

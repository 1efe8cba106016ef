/** Values of options as people write them, and as bytes. */
import { isIPv4 } from 'node:net';
import { addresses, text, u8, u16, u32 } from '../dhcp/options.ts';
import type { OptionType } from './option-table.ts';

/** A value as it stands in a document. */
export type Written = string | number | boolean | string[];

/** A value longer than 255 bytes is sent in parts (RFC 3396); one longer than this fits into no message beside others. */
export const LONGEST_VALUE = 1024;

const NUMBERS = {
  u8: { least: 0, most: 0xff, bytes: u8 },
  u16: { least: 0, most: 0xffff, bytes: u16 },
  u32: { least: 0, most: 0xffff_ffff, bytes: u32 },
  i32: { least: -(2 ** 31), most: 2 ** 31 - 1, bytes: (value: number) => u32(value >>> 0) },
} as const;

/** Bytes of what has one length only. */
const BYTES = { flag: 1, u8: 1, u16: 2, u32: 4, i32: 4, address: 4 } as const;

/**
 * The bytes of a value, or what is wrong with it. `0x0a0b` is bytes for every option. Where nothing is known of an
 * option, addresses are taken as such, and all else as text.
 */
export function bytesOf(type: OptionType | undefined, written: Written): Buffer | string {
  const value = unchecked(type, written);
  if (typeof value === 'string') return value;
  if (value.length === 0) return 'is empty';
  if (value.length <= LONGEST_VALUE) return value;
  return `takes ${value.length} bytes, and ${LONGEST_VALUE} is the most that a message has room for`;
}

function unchecked(type: OptionType | undefined, written: Written): Buffer | string {
  if (typeof written === 'string' && /^0x/i.test(written)) return ofItsLength(type, hexBytes(written));
  switch (type) {
    case 'text':
      return typeof written === 'string' ? text(written) : 'must be a text';
    case 'address':
    case 'addresses': {
      const list = listOf(written);
      if (list === undefined || list.length === 0 || !list.every(isIPv4))
        return 'must be IPv4 addresses such as 192.168.1.1, or bytes such as 0xc0a80101';
      if (type === 'address' && list.length > 1) return 'must be one address';
      return addresses(list);
    }
    case 'flag': {
      const flag = { true: 1, false: 0, '1': 1, '0': 0 }[String(written)];
      return flag === undefined ? 'must be true or false' : u8(flag);
    }
    case 'bytes':
      return 'must be bytes such as 0x0104c0a80101';
    case 'u8':
    case 'u16':
    case 'u32':
    case 'i32': {
      const { least, most, bytes } = NUMBERS[type];
      const value = typeof written === 'string' && /^-?\d+$/.test(written) ? Number(written) : written;
      if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return bytes(value);
      return `must be a whole number from ${least} to ${most}`;
    }
    case undefined: {
      if (typeof written === 'number' || typeof written === 'boolean')
        return 'must say its bytes, as "0x0005" in quotation marks: how long the number is is not known here';
      const list = listOf(written);
      if (list !== undefined && list.length > 0 && list.every(isIPv4)) return addresses(list);
      return typeof written === 'string' ? text(written) : 'must be a text, IPv4 addresses, or bytes such as 0x0a0b';
    }
  }
}

/** Bytes that were written as such, or what is wrong with how many they are. */
function ofItsLength(type: OptionType | undefined, bytes: Buffer | string): Buffer | string {
  if (typeof bytes === 'string' || type === undefined || type === 'text' || type === 'bytes') return bytes;
  if (type === 'addresses')
    return bytes.length % 4 === 0 ? bytes : `must have 4 bytes for each address, and has ${bytes.length}`;
  const length = BYTES[type];
  return bytes.length === length
    ? bytes
    : `must have ${length} byte${length === 1 ? '' : 's'}, and has ${bytes.length}`;
}

/** The bytes of `0x0a0b` or `0x0a:0b`, or what is wrong with it. */
export function hexBytes(written: string): Buffer | string {
  const digits = written.slice(2).replaceAll(/[:\s]/g, '');
  return /^([0-9a-f]{2})+$/i.test(digits) ? Buffer.from(digits, 'hex') : 'must have two hexadecimal digits a byte';
}

function listOf(written: Written): readonly string[] | undefined {
  if (typeof written === 'string') return written.split(/[,\s]+/).filter((part) => part !== '');
  return typeof written === 'object' ? written : undefined;
}

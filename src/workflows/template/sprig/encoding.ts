import { createHash } from 'node:crypto';
import { FunctionFault, type FunctionMap, fixed, type TemplateFunction } from '../gotemplate/index.ts';
import { text } from './arguments.ts';

/** Text in other alphabets, and hashes of it. */
export const ENCODING: FunctionMap = new Map<string, TemplateFunction>([
  ['b64enc', fixed(1, ([s]) => Buffer.from(text(s)).toString('base64'))],
  ['b64dec', fixed(1, ([s]) => base64Decoded(text(s)))],
  ['b32enc', fixed(1, ([s]) => base32Encoded(Buffer.from(text(s))))],
  ['b32dec', fixed(1, ([s]) => base32Decoded(text(s)))],
  ['sha1sum', fixed(1, ([s]) => createHash('sha1').update(text(s)).digest('hex'))],
  ['sha256sum', fixed(1, ([s]) => createHash('sha256').update(text(s)).digest('hex'))],
  ['adler32sum', fixed(1, ([s]) => String(adler32(Buffer.from(text(s)))))],
]);

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws FunctionFault where the bytes are no text: templates know texts only */
function decoded(bytes: Uint8Array, alphabet: string): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new FunctionFault(`the ${alphabet} text stands for bytes that are no UTF-8 text`);
  }
}

/** RFC 4648, section 4, with padding; line breaks are passed over, as in Go. */
function base64Decoded(source: string): string {
  const digits = source.replaceAll(/[\r\n]/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits))
    throw new FunctionFault('this is no base64 text');
  return decoded(Buffer.from(digits, 'base64'), 'base64');
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, section 6. */
function base32Encoded(bytes: Uint8Array): string {
  let encoded = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) encoded += BASE32.charAt((held >> (bits - 5)) & 31);
  }
  if (bits > 0) encoded += BASE32.charAt((held << (5 - bits)) & 31);
  return encoded.padEnd(Math.ceil(encoded.length / 8) * 8, '=');
}

function base32Decoded(source: string): string {
  const digits = source.replaceAll(/[\r\n]/g, '');
  if (digits.length % 8 !== 0 || !/^[A-Z2-7]*(?:={1}|={3}|={4}|={6})?$/.test(digits)) {
    throw new FunctionFault('this is no base32 text');
  }
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const digit of digits.replace(/=+$/, '')) {
    held = ((held << 5) | BASE32.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
    }
  }
  return decoded(Uint8Array.from(bytes), 'base32');
}

/** RFC 1950, section 8.2. */
function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

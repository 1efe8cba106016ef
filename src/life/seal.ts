/**
 * Secure params: values sealed by whoever writes them, for one appliance alone. X25519 with a key of its own for each
 * value, HKDF-SHA256, ChaCha20-Poly1305 (RFC 7748, 5869, 8439). The private key lies in the data directory.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { TinsmithError } from '../errors.ts';
import { secretFile } from '../store/secret-file.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'chacha20-poly1305';
const PURPOSE = 'tinsmith sealed value 1';

/** What stands before the 32 bytes of a key in DER (RFC 8410): SubjectPublicKeyInfo and PKCS #8. */
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** Characters of a sealed value's payload. */
const PAYLOAD_LIMIT = 2 << 20;

/** Base64 as it is written, so that nothing of it can be changed unnoticed. */
const base64 = (fits: (bytes: number) => boolean) =>
  z
    .string()
    .max(PAYLOAD_LIMIT)
    .refine((text) => {
      const bytes = Buffer.from(text, 'base64');
      return bytes.toString('base64') === text && fits(bytes.length);
    });

/** A sealed value, as it stands in JSON. */
export const sealed = z.strictObject({
  sealed: z.literal(1),
  /** The public key that was made for this value. */
  key: base64((bytes) => bytes === KEY_BYTES),
  nonce: base64((bytes) => bytes === NONCE_BYTES),
  /** The value's JSON, and the tag that proves that it is whole. */
  payload: base64((bytes) => bytes > TAG_BYTES),
});
export type Sealed = z.infer<typeof sealed>;

/** Raw X25519 keys in base64. */
export interface KeyPair {
  publicKey: string;
  privateKey: string;
}

/** Makes a pair of keys. */
export function newKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: rawPublic(publicKey).toString('base64'), privateKey: rawPrivate(privateKey).toString('base64') };
}

/**
 * Seals a value of JSON for the holder of the private key.
 * @throws TinsmithError INVALID_INPUT for a key that is none, or a value that JSON does not have
 */
export function seal(publicKey: string, value: unknown): Sealed {
  const text = JSON.stringify(value);
  if (text === undefined)
    throw new TinsmithError('INVALID_INPUT', 'The value cannot be sealed: JSON has no such value.', {
      next: 'Give a text, number, list or map.',
    });
  const recipient = publicFrom(publicKey);
  const own = generateKeyPairSync('x25519');
  const ownPublic = rawPublic(own.publicKey);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, agreedKey(own.privateKey, recipient, ownPublic, rawPublic(recipient)), nonce, {
    authTagLength: TAG_BYTES,
  });
  const payload = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return {
    sealed: 1,
    key: ownPublic.toString('base64'),
    nonce: nonce.toString('base64'),
    payload: payload.toString('base64'),
  };
}

/**
 * Opens a sealed value.
 * @throws TinsmithError INVALID_INPUT for what is not of the form, was sealed for another key, or has been changed
 */
export function open(privateKey: string, value: unknown): unknown {
  const read = sealed.safeParse(value);
  if (!read.success)
    throw new TinsmithError('INVALID_INPUT', 'The value is not a sealed one: it has not the form of these.', {
      next: 'Set the param again; the command line seals the value of a secure param.',
    });
  const own = privateFrom(privateKey);
  try {
    const sender = Buffer.from(read.data.key, 'base64');
    const payload = Buffer.from(read.data.payload, 'base64');
    const key = agreedKey(own, publicFrom(read.data.key), sender, rawPublic(createPublicKey(own)));
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(read.data.nonce, 'base64'), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(payload.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(payload.subarray(0, -TAG_BYTES)), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as unknown;
  } catch {
    // No cause: how it failed would help only those who try keys or changed values.
    throw new TinsmithError(
      'INVALID_INPUT',
      'The sealed value cannot be opened: it was sealed for another appliance, or has been changed.',
      { next: 'Set the param again, sealed with the public key of this appliance.' },
    );
  }
}

/** Whether a value has the form of a sealed one; whether it can be opened is another matter. */
export function isSealed(value: unknown): value is Sealed {
  // Nearly all values are none, and a refusal costs many times as much as this look.
  return typeof value === 'object' && value !== null && 'sealed' in value && sealed.safeParse(value).success;
}

/**
 * Reads the appliance's keys, making them when they are not there.
 * @throws TinsmithError DATA_DIRECTORY_UNUSABLE
 */
export function sealingKeys(dataDirectory: string): KeyPair {
  const file = join(dataDirectory, 'sealing-key');
  const privateKey = secretFile(file, () => newKeyPair().privateKey);
  if (keyBytes(privateKey) === undefined)
    throw new TinsmithError('DATA_DIRECTORY_UNUSABLE', `${file} does not hold a key.`, {
      next: 'Restore it from a backup. Without it a new one is made, and secure params have to be set again.',
    });
  return { privateKey, publicKey: rawPublic(createPublicKey(privateFrom(privateKey))).toString('base64') };
}

/** The key of one value, bound to both public keys. */
function agreedKey(own: KeyObject, other: KeyObject, sender: Buffer, recipient: Buffer): Buffer {
  const shared = diffieHellman({ privateKey: own, publicKey: other });
  return Buffer.from(hkdfSync('sha256', shared, Buffer.concat([sender, recipient]), PURPOSE, KEY_BYTES));
}

function keyBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === KEY_BYTES && bytes.toString('base64') === text ? bytes : undefined;
}

function publicFrom(text: string): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, checked(text)]), format: 'der', type: 'spki' });
}

function privateFrom(text: string): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, checked(text)]), format: 'der', type: 'pkcs8' });
}

function checked(text: string): Buffer {
  const bytes = keyBytes(text);
  if (bytes) return bytes;
  throw new TinsmithError('INVALID_INPUT', `The key is not one: it must be ${KEY_BYTES} bytes in base64.`, {
    next: 'Take the public key as the appliance gives it.',
  });
}

const rawPublic = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES);
const rawPrivate = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'pkcs8' }).subarray(-KEY_BYTES);

/** Who an object is: the names that its document gives it, and the id that follows from them. Pure. */
import { createHash } from 'node:crypto';

export const KINDS = ['hardware', 'template', 'workflow'] as const;
export type Kind = (typeof KINDS)[number];

/** What a document says of itself, in Kubernetes' terms. */
export interface Origin {
  namespace: string;
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export const DEFAULT_NAMESPACE = 'default';
/** Label with the id of an object, where it does not follow from the names. */
export const ID_LABEL = 'tinsmith/id';

/** The namespace of our name-based UUIDs; a random one, fixed for ever. */
const UUID_NAMESPACE = 'b0f6a0f3d2a84c6f9d0ac9d3c7a1e85b';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether something is the text of a UUID. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/** The id of what a document describes: the same names have the same id on every appliance (RFC 9562, UUIDv5). */
export function idOf(kind: Kind, { namespace, name }: Pick<Origin, 'namespace' | 'name'>): string {
  const hash = createHash('sha1').update(Buffer.from(UUID_NAMESPACE, 'hex')).update(`${kind}/${namespace}/${name}`);
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The id that a label gives, or else the one that follows from the names. */
export function ownIdOf(kind: Kind, origin: Origin): string {
  const label = origin.labels?.[ID_LABEL];
  return isUuid(label) ? label.toLowerCase() : idOf(kind, origin);
}

/** `default/node-1` as people are told it; the usual namespace is left out. */
export function nameIn({ namespace, name }: Origin): string {
  return namespace === DEFAULT_NAMESPACE ? name : `${namespace}/${name}`;
}

/** A name that Kubernetes takes, made from another. */
export function plainName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return plain.slice(0, 253) || 'unnamed';
}

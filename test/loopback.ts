import { randomBytes } from 'node:crypto';

/**
 * An address of 127.0.0.0/8 for one test's server that goes away and comes back to its port: at 127.0.0.1 somebody else may
 * be given that meanwhile.
 */
export function ownLoopback(): string {
  return `127.${[...randomBytes(3)].map((byte) => 1 + (byte % 254)).join('.')}`;
}

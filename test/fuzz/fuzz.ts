/** Mutated packets through what reads packets. */
import { DHCP_MUTATIONS, DHCP_SEEDS, readDhcp } from './dhcp.ts';
import { mutated } from './mutation.ts';
import { Random } from './random.ts';
import { readTftp, TFTP_MUTATIONS, TFTP_SEEDS } from './tftp.ts';

export const PROTOCOLS = {
  dhcp: { seeds: DHCP_SEEDS, mutations: DHCP_MUTATIONS, read: readDhcp },
  tftp: { seeds: TFTP_SEEDS, mutations: TFTP_MUTATIONS, read: readTftp },
} as const;
export type Protocol = keyof typeof PROTOCOLS;

/**
 * Reads that many packets, the same ones for the same seed.
 *
 * @throws Error at the first that is not read or refused as it should be, with its bytes in hexadecimal
 */
export function fuzz(protocol: Protocol, packets: number, seed: number): void {
  const { seeds, mutations, read } = PROTOCOLS[protocol];
  const random = new Random(seed);
  for (let packet = 0; packet < packets; packet++) {
    const bytes = mutated(seeds, mutations, random);
    try {
      read(bytes);
    } catch (cause) {
      throw new Error(`${protocol}, seed ${seed}, packet ${packet}: ${bytes.toString('hex')}`, { cause });
    }
  }
}

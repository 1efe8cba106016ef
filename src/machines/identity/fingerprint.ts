/**
 * What a machine is known by when it comes back, as Digital Rebar keeps it: MACs, and hashes of serial numbers, so that
 * the numbers themselves are not spread. Pure.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Inventory, LIST_MAX, type NetworkInterface, plainMac } from '../../inventory/inventory.ts';
import { isJunk, otherByteOrder } from '../../inventory/junk.ts';

/** Hexadecimal digits of a hash: 128 bits, so that no two machines have one by chance. */
const HASH_DIGITS = 32;
const hash = z.string().regex(/^[0-9a-f]{32}$/);

export const fingerprint = z.object({
  /** In lower case with colons, sorted. */
  macs: z.array(z.string().max(17)).max(LIST_MAX),
  /** It runs on a hypervisor, whose serial numbers and UUIDs are copied with the machine: only its MACs count. */
  virtual: z.boolean(),
  /** System UUID. */
  system: hash.optional(),
  /** Serial numbers of baseboard and chassis. */
  board: hash.optional(),
  chassis: hash.optional(),
  /** Memory modules, sorted. */
  memory: z.array(hash).max(LIST_MAX),
  /** The cloud's id of it. */
  cloud: hash.optional(),
  /** The id of a machine of ours that was found on its disks; of a known machine: its own. */
  onDisk: z.string().max(64).optional(),
});
/** What a machine is known by. What is junk, or not known, is not in it. */
export type Fingerprint = z.infer<typeof fingerprint>;

/**
 * The fingerprint of a machine.
 * @param onDisk the id of a machine of ours that was found on its disks
 */
export function fingerprintOf(inventory: Inventory, onDisk?: string): Fingerprint {
  const { system, memory, cloud, virtual } = inventory;
  const macs = distinct(inventory.interfaces.map(lastingMac));
  if (virtual) return { macs, virtual, memory: [] };
  // With vendor and product, as two makers may count alike.
  const part = (serial: string | undefined): string | undefined =>
    hashOf(serial, [system.vendor ?? '', system.product ?? '']);
  const found = {
    system: uuidHash(system.uuid),
    // Boards of some makers have no number of their own; the system's is the board's then.
    board: part(system.boardSerial) ?? part(system.serial),
    chassis: part(system.chassisSerial),
    cloud: hashOf(cloud?.instance, [cloud?.name ?? '']),
    onDisk: onDisk?.toLowerCase(),
  };
  return {
    macs,
    virtual,
    memory: distinct(
      (memory.modules ?? []).map((each) => hashOf(each.serial, [each.manufacturer ?? '', each.part ?? ''])),
    ),
    ...Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)),
  };
}

/** A fingerprint of MACs alone, of a machine whose inventory nobody has seen; what is no card's MAC is left out. */
export function fingerprintOfMacs(macs: readonly string[]): Fingerprint {
  return { macs: distinct(macs.map(plainMac)), virtual: false, memory: [] };
}

/** The MAC that a card has at each start, and that no other machine's card has; undefined: it has none. */
function lastingMac({ mac, permanentMac, macFrom, bus }: NetworkInterface): string | undefined {
  const local = (Number.parseInt(mac.slice(0, 2), 16) & 2) !== 0;
  // The network that a BMC offers over USB has a made-up MAC: AMI's is be:3a:f2:b6:05:9f in every machine.
  if (bus === 'usb' && local) return undefined;
  return permanentMac ?? (macFrom === 'chance' || macFrom === 'other' ? undefined : mac);
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))].sort();
}

function hashOf(value: string | undefined, beside: readonly string[] = []): string | undefined {
  if (value === undefined || isJunk(value)) return undefined;
  const text = JSON.stringify([...beside, value].map((each) => each.trim()));
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);
}

/** The same for both byte orders, see `otherByteOrder`. */
function uuidHash(uuid: string | undefined): string | undefined {
  if (uuid === undefined || isJunk(uuid)) return undefined;
  const digits = uuid.toLowerCase().replace(/[^0-9a-f]/g, '');
  if (digits.length !== 32) return undefined;
  return hashOf([digits, otherByteOrder(digits)].sort()[0]);
}

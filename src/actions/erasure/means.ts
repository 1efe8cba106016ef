/** By what means a disk is erased, told from what is known of it. Pure. */

/** From the one that reaches most of a disk to the one that reaches least. */
export const MEANS = [
  'nvme-format',
  'nvme-sanitize-block',
  'nvme-sanitize-crypto',
  'ata-erase-enhanced',
  'ata-erase',
  'secure-discard',
  'write-zeroes',
  'overwrite',
] as const;
export type Means = (typeof MEANS)[number];

/** What an NVMe controller says of itself. */
export interface NvmeAbilities {
  /** It has Format NVM. */
  format: boolean;
  sanitizeBlock: boolean;
  sanitizeCrypto: boolean;
  /** Its Format NVM erases all namespaces, whichever it is told of. A sanitize always does. */
  formatsAll: boolean;
  /** Namespaces of it that are to be kept. */
  kept: readonly string[];
}

/** What an ATA drive says of its security. */
export interface AtaSecurity {
  supported: boolean;
  /** A password is set. */
  enabled: boolean;
  locked: boolean;
  /** It takes no security commands until its power was off: firmware does that to it at each start. */
  frozen: boolean;
  enhanced: boolean;
  /** Minutes that the drive says an erasure takes, where it does. */
  minutes?: { normal?: number; enhanced?: number };
}

/** Why it is not known. */
export interface Unknown {
  unknown: string;
}

/** What is known of a disk, as far as it matters here. */
export interface Capabilities {
  /** A disk, not a partition: its own means erase all of the drive. */
  whole: boolean;
  /** Of an NVMe disk only. */
  nvme?: NvmeAbilities | Unknown;
  /** Of a SATA disk only. */
  ata?: AtaSecurity | Unknown;
  /** Its queue takes discards. */
  discards: boolean;
  /** Its queue takes orders to write zeros. */
  writesZeroes: boolean;
}

/** A means that is not used, and why. */
export interface Tried {
  means: Means;
  why: string;
}

/** `usable` are tried in this order until one has done it. */
export interface Choice {
  usable: Means[];
  ruledOut: Tried[];
}

/** The means for a disk. Those for another kind of drive are not spoken of; the last, to overwrite it, is always there. */
export function meansOf(disk: Capabilities): Choice {
  const choice: Choice = { usable: [], ruledOut: [] };
  for (const means of MEANS) {
    const verdict = verdictOn(means, disk);
    if (verdict === 'usable') choice.usable.push(means);
    else if (verdict !== 'foreign') choice.ruledOut.push({ means, why: verdict });
  }
  return choice;
}

/** `foreign`: for another kind of drive. Anything else that is not `usable` is why not. */
function verdictOn(means: Means, { whole, nvme, ata, discards, writesZeroes }: Capabilities): string {
  switch (means) {
    case 'nvme-format':
    case 'nvme-sanitize-block':
    case 'nvme-sanitize-crypto':
      if (nvme === undefined) return 'foreign';
      if (!whole) return PARTITION;
      return 'unknown' in nvme ? nvme.unknown : onNvme(means, nvme);
    case 'ata-erase-enhanced':
    case 'ata-erase':
      if (ata === undefined) return 'foreign';
      if (!whole) return PARTITION;
      return 'unknown' in ata ? ata.unknown : onAta(means, ata);
    case 'secure-discard':
      // Whether it discards securely, a queue does not tell: the kernel says so at once when it is asked.
      return discards ? 'usable' : 'the disk cannot discard';
    case 'write-zeroes':
      return writesZeroes ? 'usable' : 'the disk takes no order to write zeros';
    case 'overwrite':
      return 'usable';
  }
}

const PARTITION = 'this is a partition, and the whole drive would be erased';

function onNvme(
  means: 'nvme-format' | 'nvme-sanitize-block' | 'nvme-sanitize-crypto',
  { format, sanitizeBlock, sanitizeCrypto, formatsAll, kept }: NvmeAbilities,
): string {
  const can = { 'nvme-format': format, 'nvme-sanitize-block': sanitizeBlock, 'nvme-sanitize-crypto': sanitizeCrypto };
  if (!can[means]) return 'the controller cannot';
  const reachesAll = means !== 'nvme-format' || formatsAll;
  if (reachesAll && kept.length > 0) return `it would erase ${kept.join(', ')} too, which is to be kept`;
  return 'usable';
}

function onAta(means: 'ata-erase-enhanced' | 'ata-erase', { supported, frozen, enhanced }: AtaSecurity): string {
  if (!supported) return 'the drive has no security commands';
  if (frozen) return 'the drive is frozen: the firmware lets nobody erase it until its power was off';
  if (means === 'ata-erase-enhanced' && !enhanced) return 'the drive cannot';
  return 'usable';
}

/**
 * What reads back after it. `zeros`: nothing else. `uniform`: of each sector zeros or ones only (ACS-3, SECURITY ERASE
 * UNIT). `changed`: whatever the maker likes, but not what was there.
 */
export type Promised = 'zeros' | 'uniform' | 'changed';

export function promisedBy(means: Means): Promised {
  switch (means) {
    case 'nvme-format':
    case 'nvme-sanitize-block':
    case 'nvme-sanitize-crypto':
    case 'ata-erase-enhanced':
    case 'secure-discard':
      return 'changed';
    case 'ata-erase':
      return 'uniform';
    case 'write-zeroes':
    case 'overwrite':
      return 'zeros';
  }
}

/**
 * LevelDB's log file (doc/log_format.md of LevelDB), as far as needed to tell damage from a write cut short. LevelDB
 * itself leaves damaged records out without a word, and what was acknowledged would be forgotten.
 */

const BLOCK = 32_768;
/** Checksum (4 bytes), length (2), type (1), all little-endian. */
const HEADER = 7;
const LARGEST_TYPE = 4;

/** CRC-32C (Castagnoli), reflected. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

function crc32c(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  // By index: an iterator makes an object for each byte of logs that have millions.
  for (let at = 0; at < bytes.length; at++) crc = (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** LevelDB stores checksums masked, so that one of data with checksums in it stays a good one. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * Offset of the first damaged record that has a whole one after it, or undefined. Damage at the very end is a write that
 * was cut short by a kill or a power cut, which nobody was told of.
 */
export function damageInLog(log: Buffer): number | undefined {
  let damage: number | undefined;
  let at = 0;
  while (at + HEADER <= log.length) {
    const blockEnd = at - (at % BLOCK) + BLOCK;
    if (at + HEADER > blockEnd) {
      at = blockEnd;
      continue;
    }
    const length = log.readUInt16LE(at + 4);
    const type = log[at + 6] ?? 0;
    const end = at + HEADER + length;
    // Space that was reserved and not written to, up to the next block.
    const empty = type === 0 && length === 0;
    const fits = end <= blockEnd && end <= log.length;
    const whole =
      !empty &&
      fits &&
      type <= LARGEST_TYPE &&
      masked(crc32c(log.subarray(at + HEADER - 1, end))) === log.readUInt32LE(at);
    if (whole && damage !== undefined) return damage;
    if (!whole && !empty) damage ??= at;
    at = empty || !fits ? blockEnd : end;
  }
  return undefined;
}

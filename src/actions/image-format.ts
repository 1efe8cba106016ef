/** What an image is, told by its first bytes and its name. Pure. */
import { type Compression, compressionOf } from '../compression/index.ts';
import { ActionFailure, EXIT_USAGE } from './action.ts';

/** How many bytes of the image {@link formatOf} wants to see. */
export const FORMAT_BYTES = 64;

const FORMATS: Record<string, Compression> = {
  raw: 'none',
  none: 'none',
  gzip: 'gzip',
  gz: 'gzip',
  zstd: 'zstd',
  zst: 'zstd',
  zs: 'zstd',
  xz: 'xz',
  bzip2: 'bzip2',
  bz2: 'bzip2',
};

/** Formats that would be written as they are and never boot: magic number in hexadecimal, and what to say. */
const OTHERS: [string, string][] = [
  ['514649fb', 'a QEMU image (qcow2); convert it first: qemu-img convert -O raw'],
  ['4b444d56', 'a VMware image (vmdk); convert it first: qemu-img convert -O raw'],
  ['7668647866696c65', 'a Hyper-V image (vhdx); convert it first: qemu-img convert -O raw'],
  ['504b0304', 'a ZIP archive; unpack it first'],
  ['377abcaf271c', 'a 7-Zip archive; unpack it first'],
  ['04224d18', 'compressed with lz4, which is not read here; use gzip, xz, zstd or bzip2'],
];

function suffixOf(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  return /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
}

/**
 * How the image from this URL, which begins with these bytes, is compressed. `format` is the FORMAT variable; `compressed`
 * is true where COMPRESSED says so. What the bytes say goes before the name's suffix. Throws an ActionFailure for an image
 * that is none, and for a FORMAT that there is not.
 */
export function formatOf(first: Buffer, url: string, format: string | undefined, compressed: boolean): Compression {
  if (format !== undefined) {
    const found = FORMATS[format.toLowerCase()];
    if (found !== undefined) return found;
    throw new ActionFailure(`FORMAT ${JSON.stringify(format)} is none of raw, gzip, xz, zstd, bzip2`, EXIT_USAGE);
  }
  const byMagic = compressionOf(first);
  if (byMagic !== 'none') return byMagic;
  const hex = first.toString('hex');
  const other = OTHERS.find(([magic]) => hex.startsWith(magic));
  if (other !== undefined) throw new ActionFailure(`${url} is ${other[1]}`);
  if (/^\s*<(!doctype|html|\?xml)/i.test(first.toString('latin1'))) {
    throw new ActionFailure(`${url} is a web page, not a disk image`);
  }
  const bySuffix = FORMATS[suffixOf(url)] ?? 'none';
  if (bySuffix !== 'none') {
    throw new ActionFailure(
      `${url} is called .${suffixOf(url)}, but its content is not; FORMAT=raw writes it as it is`,
    );
  }
  if (compressed) {
    throw new ActionFailure(`COMPRESSED is true, but ${url} is compressed with none of gzip, xz, zstd, bzip2`);
  }
  return 'none';
}

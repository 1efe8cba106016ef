/** Archives in the "ustar" format (POSIX.1-1988), written around files that stay where they are. */
import type { FileSegment, Segment } from '../http/files/index.ts';

const BLOCK = 512;
/** Sizes are eleven octal digits. */
const SIZE_MAX = 0o77777777777;

/** A header: owner root, modified 1970, so that the same content always makes the same bytes. */
function header(name: string, type: '0' | '5', mode: number, size: number): Buffer {
  if (Buffer.byteLength(name) > 100 || size > SIZE_MAX) throw new RangeError(`${name} does not fit a ustar header`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number): void => {
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  };
  block.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8); // uid
  octal(0, 116, 8); // gid
  octal(size, 124, 12);
  octal(0, 136, 12); // mtime
  block.fill(' ', 148, 156); // the checksum is taken with spaces in its place
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write('root', 265, 'latin1');
  block.write('root', 297, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/**
 * A tar archive of one executable file (mode 0755) after the directories that it lies in. The name is relative and at
 * most 100 bytes, the file smaller than 8 GiB; throws a RangeError for others.
 */
export function tarOfExecutable(name: string, file: FileSegment): Segment[] {
  const parts = name.split('/').slice(0, -1);
  const directories = parts.map((_, index) => header(`${parts.slice(0, index + 1).join('/')}/`, '5', 0o755, 0));
  const padding = (BLOCK - (file.length % BLOCK)) % BLOCK;
  return [
    { kind: 'bytes', bytes: Buffer.concat([...directories, header(name, '0', 0o755, file.length)]) },
    file,
    { kind: 'bytes', bytes: Buffer.alloc(padding + 2 * BLOCK) },
  ];
}

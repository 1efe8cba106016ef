/** A small ISO image with the names of ISO 9660 itself, made by hand where no program for it is needed. */

const SECTOR = 2048;

/** @param files by name in the root directory, such as `VMLINUZ.;1` */
export function tinyIso(files: Readonly<Record<string, string>>): Buffer {
  const root = 18;
  const image = [Buffer.alloc(16 * SECTOR)];
  const contents: Buffer[] = [];
  let block = root + 1;
  const records = Object.entries(files).map(([name, text]) => {
    const content = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / SECTOR) * SECTOR);
    content.write(text);
    contents.push(content);
    const made = record(Buffer.from(name, 'latin1'), block, Buffer.byteLength(text), 0);
    block += content.length / SECTOR;
    return made;
  });
  const self = (id: number) => record(Buffer.from([id]), root, SECTOR, 2);
  const directory = Buffer.alloc(SECTOR);
  Buffer.concat([self(0), self(1), ...records]).copy(directory);
  const primary = descriptor(1);
  primary.write('TINY'.padEnd(32), 40);
  primary.writeUInt32LE(block, 80);
  primary.writeUInt16LE(SECTOR, 128);
  self(0).copy(primary, 156);
  return Buffer.concat([...image, primary, descriptor(255), directory, ...contents]);
}

function descriptor(type: number): Buffer {
  const made = Buffer.alloc(SECTOR);
  made[0] = type;
  made.write('CD001\x01', 1, 'latin1');
  return made;
}

function record(id: Buffer, block: number, size: number, flags: number): Buffer {
  const made = Buffer.alloc(33 + id.length + 1 - (id.length % 2));
  made[0] = made.length;
  made.writeUInt32LE(block, 2);
  made.writeUInt32LE(size, 10);
  made[25] = flags;
  made[32] = id.length;
  id.copy(made, 33);
  return made;
}

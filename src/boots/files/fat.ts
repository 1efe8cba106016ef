/**
 * A disk of FAT16 without partitions, written around files that stay where they are: only tables and padding are bytes.
 * UEFI HTTP boot takes such an image for a disk in memory (UEFI 2.10, section 24.7.3.2). Microsoft's "FAT: General
 * Overview of On-Disk Format", version 1.03, is the source of the layout. Pure.
 */
import { TinsmithError } from '../../errors.ts';
import { type Segment, sendingLength } from '../../http/files/index.ts';

/** A file of the disk; its path has names of 8 and 3 characters. */
export interface DiskFile {
  path: string;
  content: Segment[];
}

const SECTOR = 512;
const RESERVED_SECTORS = 1;
const TABLES = 2;
const ROOT_ENTRIES = 512;
const ENTRY = 32;
const ROOT_SECTORS = (ROOT_ENTRIES * ENTRY) / SECTOR;
/** So many clusters make it FAT16 and no other FAT; some room to both sides, for those who count wrongly. */
const CLUSTERS = { least: 4085 + 16, most: 65_524 - 16 };
const LARGEST_CLUSTER = 32_768;
const FIRST_CLUSTER = 2;
const END_OF_CHAIN = 0xffff;
const DIRECTORY = 0x10;

interface Node {
  name: string;
  /** Of a file. */
  content?: Segment[];
  length: number;
  children: Node[];
  /** Number of its first cluster; 0 where it has none, and for the top. */
  first: number;
}

/** @throws TinsmithError INVALID_INPUT where the files are too large for a disk of 2 GiB */
export function fatSegments(files: readonly DiskFile[]): Segment[] {
  const root: Node = { name: '', length: 0, children: [], first: 0 };
  for (const file of files) place(root, file);
  const nodes = below(root);
  const cluster = clusterFor(nodes);
  const table = [0xfff8, END_OF_CHAIN];
  for (const node of nodes) {
    const count = clustersOf(node, cluster);
    if (count > 0) node.first = table.length;
    const last = node.first + count - 1;
    for (let at = node.first; count > 0 && at <= last; at++) table.push(at === last ? END_OF_CHAIN : at + 1);
  }
  const used = table.length - FIRST_CLUSTER;
  const clusters = Math.max(used, CLUSTERS.least);
  const tableSectors = Math.ceil(((clusters + FIRST_CLUSTER) * 2) / SECTOR);
  const tableBytes = Buffer.alloc(tableSectors * SECTOR);
  table.forEach((value, i) => {
    tableBytes.writeUInt16LE(value, i * 2);
  });
  const padded = (segments: Segment[], to: number): Segment[] => {
    const missing = to - sendingLength(segments);
    return missing === 0 ? segments : [...segments, { kind: 'bytes', bytes: Buffer.alloc(missing) }];
  };
  const data = nodes.flatMap((node) =>
    padded(node.content ?? [{ kind: 'bytes', bytes: directory(node, root) }], clustersOf(node, cluster) * cluster),
  );
  const head = [
    bootSector(cluster / SECTOR, tableSectors, clusters),
    ...Array.from({ length: TABLES }, () => tableBytes),
    entries(root.children, ROOT_ENTRIES * ENTRY),
  ];
  return [{ kind: 'bytes', bytes: Buffer.concat(head) }, ...data, ...padded([], (clusters - used) * cluster)];
}

function place(root: Node, { path, content }: DiskFile): void {
  const parts = path.split('/');
  let folder = root;
  for (const [i, name] of parts.entries()) {
    let node = folder.children.find((each) => each.name === name);
    if (node === undefined) {
      node = { name, length: 0, children: [], first: 0 };
      folder.children.push(node);
    }
    if (i === parts.length - 1) {
      node.content = content;
      node.length = sendingLength(content);
    }
    folder = node;
  }
}

function below({ children }: Node): Node[] {
  return children.flatMap((child) => [child, ...below(child)]);
}

/** Folders here have few files, and one cluster is enough for them. */
function clustersOf({ content, length }: Node, cluster: number): number {
  return content === undefined ? 1 : Math.ceil(length / cluster);
}

/** The smallest cluster with which the clusters can be counted. */
function clusterFor(nodes: readonly Node[]): number {
  for (let cluster = SECTOR; cluster <= LARGEST_CLUSTER; cluster *= 2) {
    const count = nodes.reduce((sum, node) => sum + clustersOf(node, cluster), 0);
    if (count <= CLUSTERS.most) return cluster;
  }
  throw new TinsmithError(
    'INVALID_INPUT',
    'Kernel and initrds are too large for a disk image, which has 2 GiB at most.',
  );
}

function bootSector(sectorsPerCluster: number, tableSectors: number, clusters: number): Buffer {
  const sectors = RESERVED_SECTORS + TABLES * tableSectors + ROOT_SECTORS + clusters * sectorsPerCluster;
  const sector = Buffer.alloc(SECTOR);
  // A jump, which stands in front of the parameters; no BIOS ever starts this disk.
  sector.set([0xeb, 0x3c, 0x90]);
  sector.write('TINSMITH', 3, 'latin1');
  sector.writeUInt16LE(SECTOR, 11);
  sector.writeUInt8(sectorsPerCluster, 13);
  sector.writeUInt16LE(RESERVED_SECTORS, 14);
  sector.writeUInt8(TABLES, 16);
  sector.writeUInt16LE(ROOT_ENTRIES, 17);
  sector.writeUInt16LE(sectors < 0x1_0000 ? sectors : 0, 19);
  sector.writeUInt8(0xf8, 21);
  sector.writeUInt16LE(tableSectors, 22);
  sector.writeUInt16LE(63, 24);
  sector.writeUInt16LE(255, 26);
  sector.writeUInt32LE(sectors < 0x1_0000 ? 0 : sectors, 32);
  sector.writeUInt8(0x80, 36);
  sector.writeUInt8(0x29, 38);
  sector.write('NO NAME    FAT16   ', 43, 'latin1');
  sector.set([0x55, 0xaa], SECTOR - 2);
  return sector;
}

/** A folder below the top, which names itself and its parent first. */
function directory(node: Node, root: Node): Buffer {
  const above = [root, ...below(root)].find(({ children }) => children.includes(node));
  const own = entry('.          ', DIRECTORY, node.first, 0);
  const parent = entry('..         ', DIRECTORY, above?.first ?? 0, 0);
  return Buffer.concat([own, parent, entries(node.children, node.children.length * ENTRY)]);
}

function entries(nodes: readonly Node[], size: number): Buffer {
  const all = nodes.map(({ name, content, first, length }) =>
    entry(shortName(name), content === undefined ? DIRECTORY : 0x20, first, length),
  );
  return Buffer.concat([...all, Buffer.alloc(size)]).subarray(0, size);
}

function entry(name: string, attributes: number, first: number, length: number): Buffer {
  const bytes = Buffer.alloc(ENTRY);
  bytes.write(name, 0, 'latin1');
  bytes.writeUInt8(attributes, 11);
  // 1 January 2020: no clock here, and the same files make the same disk.
  for (const at of [16, 18, 24]) bytes.writeUInt16LE(((2020 - 1980) << 9) | (1 << 5) | 1, at);
  bytes.writeUInt16LE(first, 26);
  bytes.writeUInt32LE(length, 28);
  return bytes;
}

function shortName(name: string): string {
  const [base = '', extension = ''] = name.toUpperCase().split('.');
  return base.padEnd(8).slice(0, 8) + extension.padEnd(3).slice(0, 3);
}

/**
 * What a machine is made of, as it was read on the machine itself. The server takes what workers send by this shape only:
 * lists and texts are bounded, control characters are in none of them, and fields that it does not know are left out.
 */
import { z } from 'zod';

/** Characters of a text. */
export const TEXT_MAX = 256;
/** Entries of each list. */
export const LIST_MAX = 256;

const text = z
  .string()
  .min(1)
  .max(TEXT_MAX)
  .regex(/^\P{Cc}*$/u, 'has control characters');
const mac = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'is not a MAC address in lower case with colons');
const count = z.int().min(0).max(1_000_000);
/** In bytes. */
const size = z.int().min(0);
/** `8086`, as `lspci -n` and `lsusb` write ids. */
const id = z.string().regex(/^[0-9a-f]{4}$/, 'is not an id of four hexadecimal digits');

const memoryModule = z.object({
  /** Its slot, as the board names it. */
  locator: text.optional(),
  size,
  manufacturer: text.optional(),
  part: text.optional(),
  serial: text.optional(),
});
export type MemoryModule = z.infer<typeof memoryModule>;

export const TRANSPORTS = ['nvme', 'sata', 'scsi', 'virtio', 'mmc', 'usb', 'other'] as const;

const disk = z.object({
  /** `sda` */
  name: text,
  size,
  model: text.optional(),
  serial: text.optional(),
  /** World-wide name as the kernel writes it: `naa.5000…`, `eui.0025…`. */
  wwn: text.optional(),
  rotational: z.boolean(),
  transport: z.enum(TRANSPORTS),
  removable: z.boolean(),
  /** Bytes. */
  logicalSector: z
    .int()
    .min(0)
    .max(1 << 20),
  physicalSector: z
    .int()
    .min(0)
    .max(1 << 20),
});
export type Disk = z.infer<typeof disk>;

const networkInterface = z.object({
  /** `eno1` */
  name: text,
  mac,
  /** The one that the card was made with; absent where the kernel does not say. */
  permanentMac: mac.optional(),
  /** Where `mac` is from: the card, chance (another at each start), another interface (a bond), or somebody set it. */
  macFrom: z.enum(['card', 'chance', 'other', 'set']).optional(),
  driver: text.optional(),
  link: z.enum(['up', 'down']),
  /** Mb/s; absent without a link, and where the driver does not know. */
  speed: z.int().min(0).max(100_000_000).optional(),
  /** `pci`, `usb`, `platform`, … */
  bus: text.optional(),
  /** `0000:3b:00.0` */
  pci: text.optional(),
  vendorId: id.optional(),
  deviceId: id.optional(),
});
export type NetworkInterface = z.infer<typeof networkInterface>;

export const inventory = z.object({
  /** In Go's words: amd64, arm64. */
  architecture: text,
  kernel: text,
  /** The kernel's boot id. */
  boot: text,
  cpu: z.object({ model: text.optional(), sockets: count, cores: count, threads: count }),
  memory: z.object({
    /** What is built in, as far as the machine tells; a little more than `usable`. */
    total: size,
    /** What the kernel has to give. */
    usable: size,
    /** Absent: only root may read them, or the firmware does not tell. */
    modules: z.array(memoryModule).max(LIST_MAX).optional(),
  }),
  disks: z.array(disk).max(LIST_MAX),
  interfaces: z.array(networkInterface).max(LIST_MAX),
  firmware: z.object({
    kind: z.enum(['uefi', 'bios']),
    secureBoot: z.enum(['on', 'off', 'unknown']),
    vendor: text.optional(),
    version: text.optional(),
    date: text.optional(),
  }),
  /** As SMBIOS has them, or the device tree: junk such as "Default string" is in here too. */
  system: z.object({
    /** In lower case; the byte order is the kernel's, which is SMBIOS 2.6's. */
    uuid: text.optional(),
    vendor: text.optional(),
    product: text.optional(),
    sku: text.optional(),
    family: text.optional(),
    serial: text.optional(),
    boardSerial: text.optional(),
    chassisSerial: text.optional(),
    assetTag: text.optional(),
  }),
  /** Absent: there is none, nothing here to ask it, or it does not answer. */
  bmc: z.object({ address: text.optional(), mac: mac.optional() }).optional(),
  /** Whether it runs on a hypervisor. */
  virtual: z.boolean(),
  /** Which: `kvm`, `vmware`, …, `unknown`. */
  hypervisor: text.optional(),
  cloud: z.object({ name: text, instance: text }).optional(),
  /** Fields that are there and that only root may read. */
  rootOnly: z.array(text).max(LIST_MAX),
});
/** What a machine is made of. */
export type Inventory = z.infer<typeof inventory>;

/** A text of firmware or kernel as it is kept: without control characters and blanks at the ends; undefined when nothing is left. */
export function plainText(value: string | undefined): string | undefined {
  // Firmware fills its fields up with NUL, 0xff and blanks; what is no UTF-8 became U+FFFD.
  const plain = value
    ?.replace(/[\p{Cc}\ufffd]/gu, ' ')
    .trim()
    .slice(0, TEXT_MAX)
    .trim();
  return plain === '' ? undefined : plain;
}

/** A MAC as the inventory has it; undefined for what is none, for all zeros and for addresses of groups. */
export function plainMac(value: string | undefined): string | undefined {
  const plain = value?.trim().toLowerCase().replaceAll('-', ':') ?? '';
  if (!mac.safeParse(plain).success || plain === '00:00:00:00:00:00') return undefined;
  return (Number.parseInt(plain.slice(0, 2), 16) & 1) === 0 ? plain : undefined;
}

import { Option, readText, readU16List, readUserClasses } from './options.ts';
import type { DhcpPacket } from './packet.ts';

/** A client that asks in order to boot, and what it said of itself. */
export interface FirmwareClient {
  /** `pxe` loads by TFTP, `http` by UEFI HTTP Boot, `ipxe` runs scripts. */
  kind: 'pxe' | 'http' | 'ipxe';
  /** Processor architecture types as sent in option 93 (IANA's list), most wanted first; may be empty for iPXE. */
  architectures: number[];
  /** UUID of option 97 as SMBIOS writes it, lower case. */
  uuid?: string;
  /** Option 77: `iPXE` where it is among several, else the first. */
  userClass?: string;
  /** Option 60 as sent. */
  vendorClass?: string;
}

const IPXE_USER_CLASS = 'iPXE';
/** Option 97: a type byte 0, then 16 bytes (RFC 4578 section 2.3). */
const MACHINE_IDENTIFIER_BYTES = 17;

/**
 * Whether a request comes from firmware or a network boot program, and which kind.
 *
 * Firmware names itself in option 60 (`PXEClient…`, `HTTPClient…`) and its architecture in option 93; option 97, where
 * sent, must be well formed; option 94 may be missing. iPXE is known by its user class, or without one by option 175.
 * Another user class wins over option 175: a client that calls itself something else is still to be given iPXE.
 */
export function firmwareOf(packet: DhcpPacket): FirmwareClient | undefined {
  const { options } = packet;
  const userClasses = readUserClasses(options);
  const userClass = userClasses.includes(IPXE_USER_CLASS) ? IPXE_USER_CLASS : userClasses[0];
  const vendorClass = readText(options, Option.VENDOR_CLASS_IDENTIFIER);
  const architectures = readU16List(options, Option.CLIENT_SYSTEM_ARCHITECTURE);
  const identifier = options.get(Option.CLIENT_MACHINE_IDENTIFIER);
  const uuid = identifier === undefined ? undefined : uuidOf(identifier);
  const client = { architectures, uuid, userClass, vendorClass };
  if (userClass === IPXE_USER_CLASS) return { ...client, kind: 'ipxe' };
  const named = kindNamedBy(vendorClass);
  if (named === undefined || architectures.length === 0) return undefined;
  if (identifier !== undefined && uuid === undefined) return undefined;
  if (userClass === undefined && options.has(Option.IPXE)) return { ...client, kind: 'ipxe' };
  return { ...client, kind: named };
}

function kindNamedBy(vendorClass: string | undefined): 'pxe' | 'http' | undefined {
  if (vendorClass?.startsWith('PXEClient')) return 'pxe';
  if (vendorClass?.startsWith('HTTPClient')) return 'http';
  return undefined;
}

/** The first three fields of a UUID are sent little-endian, as they lie in SMBIOS memory; people read them turned. */
function uuidOf(identifier: Buffer): string | undefined {
  if (identifier.length !== MACHINE_IDENTIFIER_BYTES || identifier[0] !== 0) return undefined;
  const field = (start: number, end: number) => identifier.toString('hex', start, end);
  const turned = (start: number, end: number) => Buffer.from(identifier.subarray(start, end)).reverse().toString('hex');
  return [turned(1, 5), turned(5, 7), turned(7, 9), field(9, 11), field(11, 17)].join('-');
}

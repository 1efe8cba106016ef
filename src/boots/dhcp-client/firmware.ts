/** The firmwares that can be played, and what each says of itself (from captures of real ones; RFC 4578, IANA's list). */
import { bootsOverHttp, isBios } from '../architectures.ts';
import { Option, subOptions, text, u8, u16 } from '../dhcp/options.ts';
import { PLAYED_BY_BYTES, PLAYED_BY_OPTION } from '../played.ts';

/** A firmware that boots from the network. */
export interface Firmware {
  name: string;
  /** For people. */
  title: string;
  /** `pxe` loads by TFTP, `http` is UEFI HTTP Boot, `ipxe` has been loaded and runs scripts. */
  kind: 'pxe' | 'http' | 'ipxe';
  /** Code of option 93. */
  architecture: number;
}

/** By the name that `--arch` takes. */
export const FIRMWARES: readonly Firmware[] = [
  { name: 'bios', title: 'BIOS', kind: 'pxe', architecture: 0 },
  { name: 'uefi', title: 'UEFI x86-64', kind: 'pxe', architecture: 7 },
  { name: 'arm64', title: 'UEFI arm64', kind: 'pxe', architecture: 11 },
  { name: 'http', title: 'UEFI HTTP Boot x86-64', kind: 'http', architecture: 16 },
  { name: 'http-arm64', title: 'UEFI HTTP Boot arm64', kind: 'http', architecture: 19 },
  { name: 'ipxe', title: 'iPXE on BIOS', kind: 'ipxe', architecture: 0 },
  { name: 'ipxe-uefi', title: 'iPXE on UEFI x86-64', kind: 'ipxe', architecture: 7 },
];

const HIGHEST_ARCHITECTURE = 0xffff;

/**
 * A firmware by name, or one of an architecture by its number in IANA's list, which says whether it boots by HTTP;
 * undefined: there is none of that name.
 */
export function firmwareNamed(name: string): Firmware | undefined {
  const known = FIRMWARES.find((each) => each.name === name);
  if (known) return known;
  const architecture = /^\d{1,5}$/.test(name) ? Number(name) : Number.NaN;
  if (!(architecture <= HIGHEST_ARCHITECTURE)) return undefined;
  return bootsOverHttp(architecture)
    ? { name, title: `HTTP Boot of architecture ${architecture}`, kind: 'http', architecture }
    : { name, title: `PXE of architecture ${architecture}`, kind: 'pxe', architecture };
}

/** What EDK2 asks for; its HTTP Boot leaves out the name of the TFTP server. */
const PARAMETERS = [1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67];
const PXE_PARAMETERS = [97, 128, 129, 130, 131, 132, 133, 134, 135];
/** What a computer asks for that has a system already. */
const HOST_PARAMETERS = [1, 3, 6, 12, 15, 28, 42, 51, 54, 58, 59];
/** Features that an iPXE tells in option 175, as Debian's does: PXE, HTTP, menu; bzImage on BIOS, EFI on UEFI. */
const FEATURES = { common: [0x21, 0x13, 0x27], bios: 0x18, efi: 0x24 };
const LARGEST_MESSAGE = 1472;

/** The options with which a firmware names itself; without one, those of a computer that boots nothing. */
export function optionsOf(firmware: Firmware | undefined, mac: string): [code: number, value: Buffer][] {
  const largest = [Option.MAXIMUM_DHCP_MESSAGE_SIZE, u16(LARGEST_MESSAGE)] as [number, Buffer];
  if (firmware === undefined) return [[Option.PARAMETER_REQUEST_LIST, Buffer.from(HOST_PARAMETERS)], largest];
  const { kind, architecture } = firmware;
  const number = String(architecture).padStart(5, '0');
  const bios = isBios(architecture);
  const vendor = `${kind === 'http' ? 'HTTP' : 'PXE'}Client:Arch:${number}:UNDI:${bios ? '002001' : '003000'}`;
  const asked = [
    ...PARAMETERS.filter((code) => kind !== 'http' || code !== Option.TFTP_SERVER_NAME),
    ...PXE_PARAMETERS,
  ];
  const options: [number, Buffer][] = [
    [Option.PARAMETER_REQUEST_LIST, Buffer.from(kind === 'ipxe' ? [...asked, 119, 175, 203] : asked)],
    largest,
    [Option.VENDOR_CLASS_IDENTIFIER, text(vendor)],
    [Option.CLIENT_SYSTEM_ARCHITECTURE, u16(architecture)],
    [Option.CLIENT_NETWORK_INTERFACE, Buffer.of(1, bios ? 2 : 3, bios ? 1 : 0)],
    [Option.CLIENT_MACHINE_IDENTIFIER, identifierOf(mac)],
    [PLAYED_BY_OPTION, PLAYED_BY_BYTES],
  ];
  if (kind !== 'ipxe') return options;
  const features = [...FEATURES.common, bios ? FEATURES.bios : FEATURES.efi];
  // iPXE sends its user class as bare bytes, without the length of RFC 3004.
  options.push([Option.USER_CLASS, text('iPXE')]);
  options.push([Option.IPXE, subOptions(features.map((feature) => [feature, u8(1)] as const))]);
  options.push([Option.CLIENT_IDENTIFIER, Buffer.concat([u8(1), macBytes(mac)])]);
  return options;
}

/** Option 97: type 0 and a UUID, made of the MAC address so that one client is the same each time. */
function identifierOf(mac: string): Buffer {
  return Buffer.concat([u8(0), Buffer.from('74696e736d6974682d00', 'hex'), macBytes(mac)]);
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** The client's half of DHCP: what it sends. Pure. */
import { encode } from '../dhcp/index.ts';
import {
  address,
  MessageType,
  type MessageTypeNumber,
  NO_ADDRESS,
  Option,
  PxeSubOption,
  subOptions,
  u8,
} from '../dhcp/options.ts';
import { BOOTREQUEST, BROADCAST_FLAG } from '../dhcp/packet.ts';
import { type Firmware, optionsOf } from './firmware.ts';

const ETHERNET = 1;
const LARGEST_DATAGRAM = 1472;
const END = Buffer.of(Option.END);

/** Who asks. */
export interface Asker {
  mac: string;
  /** Undefined: a computer that boots nothing. */
  firmware?: Firmware | undefined;
  xid: number;
  /** Since it began to ask. */
  secs: number;
}

/** What makes one message different from the next. */
interface More {
  ciaddr?: string;
  options?: readonly (readonly [code: number, value: Buffer])[];
}

/** DISCOVER. The broadcast flag is set: an answer to an address that we do not have would not reach us. */
export function discover(asker: Asker): Buffer {
  return message(asker, MessageType.DISCOVER, {});
}

/** REQUEST for an address that a server offered (RFC 2131 section 4.3.2, SELECTING). */
export function request(asker: Asker, wanted: { address: string; server: string }): Buffer {
  return message(asker, MessageType.REQUEST, {
    options: [
      [Option.REQUESTED_IP_ADDRESS, address(wanted.address)],
      [Option.SERVER_IDENTIFIER, address(wanted.server)],
    ],
  });
}

/** RELEASE of an address. */
export function release(asker: Asker, held: { address: string; server: string }): Buffer {
  return message(asker, MessageType.RELEASE, {
    ciaddr: held.address,
    options: [[Option.SERVER_IDENTIFIER, address(held.server)]],
  });
}

/**
 * REQUEST to a PXE boot server on port 4011 (PXE 2.1 section 2.2.5).
 * @param item type of the boot server, where a menu named it
 */
export function askBootServer(asker: Asker, own: string, item: number | undefined): Buffer {
  const chosen = Buffer.of((item ?? 0) >> 8, (item ?? 0) & 0xff, 0, 0);
  const value = Buffer.concat([subOptions([[PxeSubOption.BOOT_ITEM, chosen]]), END]);
  return message(asker, MessageType.REQUEST, {
    ciaddr: own,
    ...(item !== undefined && { options: [[Option.VENDOR_SPECIFIC_INFORMATION, value]] }),
  });
}

function message({ mac, firmware, xid, secs }: Asker, type: MessageTypeNumber, { ciaddr, options = [] }: More): Buffer {
  const packet = {
    op: BOOTREQUEST,
    htype: ETHERNET,
    hops: 0,
    xid,
    secs,
    flags: ciaddr === undefined ? BROADCAST_FLAG : 0,
    ciaddr: ciaddr ?? NO_ADDRESS,
    yiaddr: NO_ADDRESS,
    siaddr: NO_ADDRESS,
    giaddr: NO_ADDRESS,
    chaddr: mac,
    sname: '',
    file: '',
    options: new Map<number, Buffer>([[Option.DHCP_MESSAGE_TYPE, u8(type)], ...options, ...optionsOf(firmware, mac)]),
  };
  return encode(packet, LARGEST_DATAGRAM).bytes;
}

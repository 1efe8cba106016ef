/** Package github.com.tinkerbell.tink.protos.hardware */
import { flag, int64, type MessageOf, many, message, one, text } from '../protobuf/message.ts';
import { streaming, unary } from '../protobuf/service.ts';

export const Empty = message('Empty', {});

const IP = message('Hardware.DHCP.IP', { address: text(1), netmask: text(2), gateway: text(3), family: int64(4) });
const DHCP = message('Hardware.DHCP', {
  mac: text(1),
  hostname: text(3),
  lease_time: int64(4),
  name_servers: many(text(5)),
  time_servers: many(text(6)),
  arch: text(8),
  uefi: flag(9),
  iface_name: text(10),
  ip: one(11, IP),
});
const IPXE = message('Hardware.Netboot.IPXE', { url: text(1), contents: text(2) });
const Osie = message('Hardware.Netboot.Osie', { base_url: text(1), kernel: text(2), initrd: text(3) });
const Netboot = message('Hardware.Netboot', {
  allow_pxe: flag(1),
  allow_workflow: flag(2),
  ipxe: one(3, IPXE),
  osie: one(5, Osie),
});
const Interface = message('Hardware.Network.Interface', { dhcp: one(1, DHCP), netboot: one(2, Netboot) });
const Network = message('Hardware.Network', { interfaces: many(one(3, Interface)) });

export const Hardware = message('Hardware', {
  network: one(6, Network),
  id: text(7),
  version: int64(8),
  metadata: text(9),
});
export type Hardware = MessageOf<typeof Hardware>;

/** Each after those that it is made of. */
export const HARDWARE_PARTS = [IP, DHCP, IPXE, Osie, Netboot, Interface, Network];

export const PushRequest = message('PushRequest', { data: one(1, Hardware) });
export const GetRequest = message('GetRequest', { mac: text(1), ip: text(2), id: text(3) });
export const DeleteRequest = message('DeleteRequest', { id: text(1) });

export const HARDWARE_METHODS = {
  Push: unary(PushRequest, Empty),
  ByMAC: unary(GetRequest, Hardware),
  ByIP: unary(GetRequest, Hardware),
  ByID: unary(GetRequest, Hardware),
  All: streaming(Empty, Hardware),
  Delete: unary(DeleteRequest, Empty),
  DeprecatedWatch: streaming(GetRequest, Hardware),
  /** Its name in 0.2. */
  Watch: streaming(GetRequest, Hardware),
};

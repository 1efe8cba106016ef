export { ConflictProbe, type Probe } from './conflict-probe.ts';
export type {
  BootAnswer,
  ClientContext,
  Destination,
  DhcpMode,
  DhcpPort,
  Ignored,
  IgnoredReason,
  InterfaceSettings,
  LeaseChange,
  LeasesOfClient,
  Noted,
  Outcome,
  Reply,
  ReplyReason,
  Reservation,
  ResponderContext,
} from './exchange.ts';
export { type FirmwareClient, firmwareOf } from './firmware.ts';
export type { CameIn, Network, NetworkOf } from './network.ts';
export { amongOwn, type OwnNetworks, ownNetworks } from './own-networks.ts';
export {
  type Decoded,
  type DhcpPacket,
  decode,
  type Encoded,
  encode,
  type MalformedReason,
  replySize,
} from './packet.ts';
export { respond } from './responder.ts';
export {
  type BoundSocket,
  type DhcpInterface,
  type DhcpLeases,
  type DhcpNote,
  type DhcpOptions,
  type DhcpServer,
  startDhcp,
} from './sockets.ts';

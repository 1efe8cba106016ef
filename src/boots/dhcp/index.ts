export type {
  BootAnswer,
  ClientContext,
  Destination,
  DhcpMode,
  DhcpPort,
  Ignored,
  IgnoredReason,
  Noted,
  Outcome,
  Reply,
  ReplyReason,
  Reservation,
  ResponderContext,
} from './exchange.ts';
export { type FirmwareClient, firmwareOf } from './firmware.ts';
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
  type DhcpNote,
  type DhcpOptions,
  type DhcpServer,
  startDhcp,
} from './sockets.ts';

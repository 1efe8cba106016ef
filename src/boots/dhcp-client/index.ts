/** The client's end of DHCP, for what looks at a network as a machine does that is plugged in there. */
export { type Answer, type BootTold, type Lease, readAnswer } from './answer.ts';
export { FIRMWARES, type Firmware, firmwareNamed } from './firmware.ts';
export { BROADCAST_MAC, type Frame, readFrame, writeFrame } from './frames.ts';
export { type Asker, askBootServer, discover, release, request } from './messages.ts';
export { CLIENT_PORT, type ClientSocket, openClientSocket } from './packet-socket.ts';

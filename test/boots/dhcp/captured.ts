import { readFileSync } from 'node:fs';
import { type DhcpPacket, decode } from '../../../src/boots/dhcp/packet.ts';

// UDP payloads captured from real firmware (SeaBIOS, EDK2), iPXE, udhcpc and dnsmasq, as hexadecimal.
const CAPTURED: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../fixtures/dhcp/captured.json', import.meta.url), 'utf8'),
);

export const capturedNames: readonly string[] = Object.keys(CAPTURED);

export function capturedBytes(name: string): Buffer {
  const hex = CAPTURED[name];
  if (hex === undefined) throw new Error(`no captured packet is named ${name}`);
  return Buffer.from(hex, 'hex');
}

export function captured(name: string): DhcpPacket {
  return packetOf(capturedBytes(name));
}

export function packetOf(bytes: Buffer): DhcpPacket {
  const decoded = decode(bytes);
  if (decoded.kind === 'malformed') throw new Error(decoded.sentence);
  return decoded.packet;
}

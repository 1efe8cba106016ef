/**
 * Which boot file a firmware gets, by what it said of itself: option 93 (processor architecture, IANA registry of
 * RFC 4578 and its successors), option 60, and whether it is iPXE already.
 */
import type { BootAnswer, FirmwareClient } from './dhcp/index.ts';
import type { BootPlan } from './plan.ts';

/** Boot files that are part of the executable. */
export const LOADERS = ['undionly.kpxe', 'ipxe.pxe', 'ipxe.efi', 'snponly.efi', 'localboot.efi'] as const;
export type Loader = (typeof LOADERS)[number];

/**
 * iPXE for each architecture of option 93 that we have a binary for. x86-64 UEFI says 7 or 9 (RFC 4578 and its erratum),
 * and some says 6 or 15, which are 32-bit UEFI by the registry: what cannot run the binary goes on to its next device.
 */
const IPXE: Readonly<Record<number, Loader>> = {
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 20].map((code) => [code, 'undionly.kpxe'])),
  ...Object.fromEntries([6, 7, 8, 9, 15, 16].map((code) => [code, 'ipxe.efi'])),
};

/** A firmware as Digital Rebar's boot environments name it, to say which loader they bring for it. */
export type Firmware = '386-pcbios' | 'amd64-uefi' | 'arm64-uefi';

/** By code of option 93. */
const FIRMWARE: Readonly<Record<number, Firmware>> = {
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 20].map((code) => [code, '386-pcbios'])),
  ...Object.fromEntries([6, 7, 8, 9, 15, 16].map((code) => [code, 'amd64-uefi'])),
  ...Object.fromEntries([11, 19].map((code) => [code, 'arm64-uefi'])),
};

const isUefi = (architecture: number): boolean => IPXE[architecture] === 'ipxe.efi';

/** Where this server's files are, as the client can reach them. */
export interface Served {
  /** `http://ADDRESS:PORT` */
  http: string;
  mac: string;
  /** The loader that the machine's boot environment brings for a firmware: a path below the served files. */
  loaderFor?: ((firmware: Firmware) => string | undefined) | undefined;
}

/** What DHCP answers to a firmware under a plan. */
export function bootAnswer(plan: BootPlan, client: FirmwareClient, served: Served): BootAnswer {
  const { reason, sentence } = plan;
  if (plan.boot === 'nothing') return { answer: 'ignore', reason, sentence };
  const script = `${served.http}/boot/${served.mac}/auto.ipxe`;
  if (client.kind === 'ipxe') return { answer: 'url', url: script, reason, sentence };
  const own = plan.boot === 'environment' ? ownLoader(client, served) : undefined;
  if (own !== undefined) {
    return client.kind === 'http'
      ? { answer: 'url', url: `${served.http}/${encodeURI(own)}`, reason, sentence }
      : { answer: 'file', name: own, reason, sentence };
  }
  const architecture = client.architectures.find((code) => code in IPXE);
  if (architecture === undefined) {
    return {
      answer: 'ignore',
      reason: 'no-loader',
      sentence: `its firmware asks for architecture ${client.architectures.join(', ') || 'none'}, for which there is no boot file here`,
    };
  }
  // A UEFI firmware goes to the disk through a small GRUB at once; iPXE before it would only cost time.
  const loader = plan.boot === 'local' && isUefi(architecture) ? 'localboot.efi' : IPXE[architecture];
  if (client.kind === 'http')
    return { answer: 'url', url: `${served.http}/boot/loaders/${served.mac}/${loader}`, reason, sentence };
  return { answer: 'file', name: `${served.mac}/${loader}`, reason, sentence };
}

function ownLoader({ architectures }: FirmwareClient, { loaderFor }: Served): string | undefined {
  for (const code of architectures) {
    const firmware = FIRMWARE[code];
    const loader = firmware && loaderFor?.(firmware);
    if (loader !== undefined) return loader;
  }
  return undefined;
}

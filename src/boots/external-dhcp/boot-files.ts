/** What a DHCP server of somebody else has to tell each firmware, so that it boots from this appliance. Pure. */
import { bootAnswer } from '../loaders.ts';
import type { BootPlan } from '../plan.ts';

/** Where this appliance is for machines. */
export interface Appliance {
  /** IPv4 address, which is that of its TFTP server too. */
  address: string;
  /** `http://ADDRESS:PORT` */
  http: string;
}

/** What firmware of one kind gets. */
export interface BootFile {
  /** Short name, for tags and classes. */
  tag: string;
  title: string;
  kind: 'pxe' | 'http';
  /** Codes of option 93. */
  architectures: number[];
  /** A name for TFTP, or a URL. */
  file: string;
}

const FAMILIES: readonly Omit<BootFile, 'file'>[] = [
  { tag: 'bios', title: 'BIOS', kind: 'pxe', architectures: [0] },
  { tag: 'efi-x64', title: 'UEFI x86-64', kind: 'pxe', architectures: [7, 9] },
  { tag: 'efi-arm64', title: 'UEFI arm64', kind: 'pxe', architectures: [11] },
  { tag: 'http-x64', title: 'UEFI HTTP Boot x86-64', kind: 'http', architectures: [16] },
  { tag: 'http-arm64', title: 'UEFI HTTP Boot arm64', kind: 'http', architectures: [19] },
];

/**
 * Which machine asks, and for what, is not known to a foreign server; ours finds out when the script is fetched. A boot
 * environment may be for any architecture, unlike the in-memory system.
 */
const ANY: BootPlan = { boot: 'environment', environment: 'any', reason: 'boot-environment', sentence: '' };
const NO_MAC = '00:00:00:00:00:00';

/** The boot file of each firmware that there is one for. */
export function bootFilesFor({ http }: Appliance): BootFile[] {
  return FAMILIES.flatMap((family) => {
    const answer = bootAnswer(ANY, family, { http, mac: NO_MAC });
    const named = answer.answer === 'file' ? answer.name : answer.answer === 'url' ? answer.url : undefined;
    // What is made for each machine has no name that a foreign server could tell.
    return named === undefined || named.includes(`/boot/${NO_MAC}/`)
      ? []
      : [{ ...family, file: named.replace(`${NO_MAC}/`, '') }];
  });
}

/** The script for iPXE, which puts the MAC address of the card that it booted from in. */
export function scriptUrl({ http }: Appliance): string {
  return `${http}/boot/\${netX/mac}/auto.ipxe`;
}

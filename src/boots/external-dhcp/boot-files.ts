/** What a DHCP server of somebody else has to tell each firmware, so that it boots from this appliance. Pure. */
import { bootsOverHttp, REGISTERED } from '../architectures.ts';
import { bootAnswer, type LoaderChoice } from '../loaders.ts';
import type { BootPlan } from '../plan.ts';

/** Where this appliance is for machines. */
export interface Appliance {
  /** IPv4 address, which is that of its TFTP server too. */
  address: string;
  /** `http://ADDRESS:PORT` */
  http: string;
  /** What people have set for all machines. */
  choice?: LoaderChoice | undefined;
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

/** The boot file of each firmware that there is one for; codes of a family that are set to different files stand alone. */
export function bootFilesFor(appliance: Appliance): BootFile[] {
  return [...FAMILIES, ...familiesSet(appliance)].flatMap((family) => {
    const byFile = new Map<string, number[]>();
    for (const code of family.architectures) {
      const file = fileFor(appliance, family.kind, code);
      if (file !== undefined) byFile.set(file, [...(byFile.get(file) ?? []), code]);
    }
    return [...byFile].map(([file, architectures], at): BootFile => {
      const [code = 0] = architectures;
      const own = at === 0 ? {} : { tag: `${family.tag}-${code}`, title: REGISTERED.get(code)?.name ?? family.title };
      return { ...family, ...own, architectures, file };
    });
  });
}

/** What people have set and cannot be given, with the reasons. */
export function lackingFor(appliance: Appliance): string[] {
  const { choice, http } = appliance;
  return [...(choice?.byArchitecture?.keys() ?? [])].flatMap((code) => {
    const kind = bootsOverHttp(code) ? 'http' : 'pxe';
    const answer = bootAnswer(ANY, { kind, architectures: [code] }, { http, mac: NO_MAC, choice });
    return answer.answer === 'ignore' ? [`architecture ${code} is given nothing: ${answer.sentence}`] : [];
  });
}

/** Of architectures that only people have set a loader for. */
function familiesSet({ choice }: Appliance): Omit<BootFile, 'file'>[] {
  const usual = FAMILIES.flatMap(({ architectures }) => architectures);
  return [...(choice?.byArchitecture?.keys() ?? [])]
    .filter((code) => !usual.includes(code))
    .map((code) => ({
      ...{ tag: `arch-${code}`, title: REGISTERED.get(code)?.name ?? `architecture ${code}` },
      ...{ kind: bootsOverHttp(code) ? 'http' : 'pxe', architectures: [code] },
    }));
}

function fileFor({ http, choice }: Appliance, kind: BootFile['kind'], code: number): string | undefined {
  const answer = bootAnswer(ANY, { kind, architectures: [code] }, { http, mac: NO_MAC, choice });
  switch (answer.answer) {
    case 'file':
      return answer.name.replace(`${NO_MAC}/`, '');
    case 'url': {
      // What is made for each machine has no name that a foreign server could tell.
      if (answer.url.includes(`/boot/${NO_MAC}/`)) return undefined;
      const [, folder, name = ''] = new RegExp(`^(.*/boot/loaders/)${NO_MAC}/(.*)$`).exec(answer.url) ?? [];
      // The first folder behind that of the loaders would be taken for a MAC address.
      return folder === undefined ? answer.url : name.includes('/') ? `${http}/files/${name}` : `${folder}${name}`;
    }
    default:
      return undefined;
  }
}

/** The script for iPXE, which puts the MAC address of the card that it booted from in. */
export function scriptUrl({ http }: Appliance): string {
  return `${http}/boot/\${netX/mac}/auto.ipxe`;
}

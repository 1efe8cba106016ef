/** The settings about boot loaders. Pure. */
import { codeOf } from '../boots/architectures.ts';

/** `7=custom.efi` or `arm64-uefi=ipxe/arm64.efi`. */
const LOADER = /^([a-z0-9-]+)=(.+)$/i;

/** In the settings that other DHCP servers are given (src/boots/external-dhcp): quotes, spaces, what a shell fills in. */
const MEANS_SOMETHING = /[\p{Cc}\s"'`,;$%#\\]/u;

/**
 * Reads what is set for architectures: codes of DHCP option 93 or their names, each with a loader of ours or a file below
 * the served ones.
 * @returns the loaders by code, or what is wrong with the first that is
 */
export function readLoaders(texts: readonly string[]): { value: Map<number, string> } | { problem: string } {
  const loaders = new Map<number, string>();
  for (const text of texts) {
    const [, architecture = '', file = ''] = LOADER.exec(text) ?? [];
    if (architecture === '')
      return { problem: `${JSON.stringify(text)} is not ARCHITECTURE=FILE, such as arm64-uefi=ipxe-arm64.efi` };
    const code = codeOf(architecture);
    if (code === undefined)
      return {
        problem: `${architecture} is no architecture of DHCP option 93: a number such as 11, or a name such as arm64-uefi`,
      };
    if (file.startsWith('/') || file.split('/').includes('..'))
      return { problem: `${file} is not a path below the served files` };
    if (MEANS_SOMETHING.test(file))
      return {
        problem: `${JSON.stringify(file)} has a character in it to which other DHCP servers' settings give a meaning`,
      };
    if (loaders.has(code)) return { problem: `architecture ${code} has two loaders, ${loaders.get(code)} and ${file}` };
    loaders.set(code, file);
  }
  return { value: loaders };
}

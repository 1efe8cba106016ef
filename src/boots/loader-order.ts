/**
 * The loaders of our own for each firmware, in the order in which they are tried: by what is set and known of Secure Boot,
 * and by which of them have come to nothing. Pure.
 */
import type { Firmware } from './architectures.ts';
import type { FailedLoaders } from './attempts.ts';
import type { FirmwareClient } from './dhcp/index.ts';
import type { SignedDisk } from './signed-disk.ts';

/**
 * Boot files that are part of the executable. `shimx64.efi` and `shimaa64.efi` are signed by Microsoft, and fetch Debian's
 * signed GRUB beside themselves by the names that follow them here.
 */
export const LOADERS = [
  ...(['undionly.kpxe', 'ipxe.pxe', 'ipxe.efi', 'snponly.efi', 'localboot.efi'] as const),
  ...(['shimx64.efi', 'grubx64.efi', 'shimaa64.efi', 'grubaa64.efi'] as const),
] as const;
export type Loader = (typeof LOADERS)[number];

/** `on`: only loaders that are signed. `auto`: where the machine has told so, or runs nothing that is not. */
export const SECURE_BOOT_POLICIES = ['auto', 'on', 'off'] as const;
export type SecureBootPolicy = (typeof SECURE_BOOT_POLICIES)[number];

/** What is set and known beside what the firmware says. */
export interface LoaderChoice {
  /** Loaders that people have set for everyone, by code of option 93. */
  byArchitecture?: ReadonlyMap<number, string>;
  /** The loader that the machine's hardware data names. */
  binary?: string | undefined;
  /** `arch` and `uefi` of the machine's hardware data. */
  recorded?: { arch?: string | undefined; uefi?: boolean | undefined };
  secureBoot?: SecureBootPolicy;
  /** Whether the machine's in-memory system found Secure Boot on; called where that may decide. */
  wasSecure?: () => boolean;
  failed?: () => FailedLoaders;
  /** Whether another server gives the addresses. */
  isProxy?: boolean;
  /** Whether there is a file to serve under this name, beside the loaders of our own. */
  hasFile?: (name: string) => boolean;
}

/** Whether only signed loaders will do. */
export function isSecure({ secureBoot = 'auto', wasSecure }: LoaderChoice): boolean {
  return secureBoot === 'on' || (secureBoot === 'auto' && wasSecure?.() === true);
}

/** Who asks, and what for. */
interface Asked {
  /** It is to be sent to its own disk. */
  isLocal: boolean;
  kind: FirmwareClient['kind'];
  choice: LoaderChoice;
}

/** `script`: the URL of the iPXE script itself. `none`: no answer. */
export interface Next {
  loader: Loader | SignedDisk | 'script' | 'none';
  /** Where it is not what such a firmware usually gets. */
  why?: string;
}

/** What a firmware gets next: of its loaders, in this order, that of which the fewest have come to nothing. */
export function nextLoader(firmware: Firmware, asked: Asked): Next {
  const { choice, isLocal, kind } = asked;
  if (firmware === 'arm64-uefi') return signed(firmware, asked);
  if (firmware === '386-pcbios') {
    const { loader, why } = leastFailed(['undionly.kpxe', 'ipxe.pxe', 'script'], choice);
    return why === undefined ? { loader } : { loader, why: gets(why, loader) };
  }
  const policy = choice.secureBoot ?? 'auto';
  if (policy === 'on') return signed(firmware, asked, 'Secure Boot is said to be on');
  if (isSecure(choice)) return signed(firmware, asked, 'its in-memory system has found Secure Boot on');
  // A UEFI firmware goes to the disk through a small GRUB at once; iPXE before it would only cost time.
  const usual = isLocal ? 'localboot.efi' : 'ipxe.efi';
  const canBeSigned = policy === 'auto' && !(choice.isProxy && kind === 'pxe');
  const next = leastFailed(
    [usual, ...(canBeSigned ? (['shimx64.efi'] as const) : []), 'snponly.efi', 'script'],
    choice,
  );
  if (next.why === undefined) return next;
  const why = `${next.why}: Secure Boot may be on`;
  return next.loader === 'shimx64.efi'
    ? signed(firmware, asked, why)
    : { loader: next.loader, why: gets(why, next.loader) };
}

/**
 * What is signed. By HTTP it is a disk with all that is needed; by PXE shim and GRUB. The GRUB of Debian 12 takes the
 * server that gave the address for the one that it came from, so beside another DHCP server it would not find us.
 */
function signed(firmware: 'amd64-uefi' | 'arm64-uefi', { kind, choice }: Asked, because?: string): Next {
  const told = (text: string): string => (because === undefined ? text : `${because}; ${text}`);
  const [shim, disk] =
    firmware === 'amd64-uefi'
      ? (['shimx64.efi', 'signed-x64.img'] as const)
      : (['shimaa64.efi', 'signed-arm64.img'] as const);
  if (kind === 'http') return { loader: disk, why: told(`it gets ${disk}, a disk in memory with signed loaders`) };
  if (!choice.isProxy) return { loader: shim, why: told(`it gets ${shim}, which is signed`) };
  return {
    loader: 'none',
    why: told(
      'the signed GRUB asks the server that gave the address, which is another, so its request is left, for the firmware to go on to HTTP boot',
    ),
  };
}

/** @returns without a reason where it is the first */
function leastFailed(loaders: readonly (Loader | 'script')[], { failed: all }: LoaderChoice): Next {
  const failed = all?.() ?? new Map<string, number>();
  const timesOf = (loader: string): number => failed.get(loader) ?? 0;
  const loader = loaders.reduce((best, each) => (timesOf(each) < timesOf(best) ? each : best));
  if (loader === loaders[0]) return { loader };
  const times = (n: number): string => (n === 1 ? 'once' : n === 2 ? 'twice' : `${n} times`);
  const tried = loaders.filter((each) => timesOf(each) > 0).map((each) => `${each} (${times(timesOf(each))})`);
  return { loader, why: `it has fetched ${tried.join(' and ')} and asked again as if nothing had started` };
}

function gets(why: string, loader: string): string {
  return `${why}, so it gets ${loader === 'script' ? 'the iPXE script itself' : loader}`;
}

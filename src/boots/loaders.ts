/**
 * Which boot file a firmware gets: by what it said of itself (option 93, option 60, and whether it is iPXE already), by
 * what people have set, and by what came of the loaders that it had before.
 */
import { codeInVendorClass, type Firmware, firmwareOfCode, inWords, REGISTERED } from './architectures.ts';
import type { FailedLoaders } from './attempts.ts';
import type { BootAnswer, FirmwareClient } from './dhcp/index.ts';
import type { BootPlan } from './plan.ts';
import { isRaspberryPi } from './raspberry-pi.ts';
import type { SignedDisk } from './signed-disk.ts';

export type { Firmware } from './architectures.ts';

/**
 * Boot files that are part of the executable. `shimx64.efi` and `shimaa64.efi` are signed by Microsoft, and fetch Debian's
 * signed GRUB beside themselves by the names that follow them here.
 */
export const LOADERS = [
  ...(['undionly.kpxe', 'ipxe.pxe', 'ipxe.efi', 'snponly.efi', 'localboot.efi'] as const),
  ...(['shimx64.efi', 'grubx64.efi', 'shimaa64.efi', 'grubaa64.efi'] as const),
] as const;
export type Loader = (typeof LOADERS)[number];

/** Names by which others know what we have. */
const ALIASES: Readonly<Record<string, Loader>> = { 'snp-x86_64.efi': 'snponly.efi' };

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

/** Where this server's files are, as the client can reach them. */
export interface Served {
  /** `http://ADDRESS:PORT` */
  http: string;
  mac: string;
  /** The loader that the machine's boot environment brings for a firmware: a path below the served files. */
  loaderFor?: ((firmware: Firmware) => string | undefined) | undefined;
  choice?: LoaderChoice | undefined;
}

/** What DHCP answers to a firmware under a plan. */
export function bootAnswer(plan: BootPlan, client: FirmwareClient, served: Served): BootAnswer {
  const { reason, sentence } = plan;
  if (plan.boot === 'nothing') return { answer: 'ignore', reason, sentence };
  const script = `${served.http}/boot/${served.mac}/auto.ipxe`;
  if (client.kind === 'ipxe') {
    const isArm = client.architectures.some((code) => firmwareOfCode(code) === 'arm64-uefi');
    return isArm && plan.boot === 'osie'
      ? noSystem(client.architectures)
      : { answer: 'url', url: script, reason, sentence };
  }
  if (isRaspberryPi(served.mac) && isBios(client)) return raspberryPiAnswer(plan, served);

  const { choice = {} } = served;
  if (choice.binary) {
    const why = `its hardware data names the loader ${choice.binary}`;
    return isThere(choice.binary, choice)
      ? give(choice.binary, client, served, plan, why)
      : noLoader(`${why}, which is not here`);
  }
  const codes = codesOf(client, choice);
  const own = plan.boot === 'environment' ? ownLoader(codes, served) : undefined;
  if (own !== undefined) {
    return client.kind === 'http'
      ? { answer: 'url', url: `${served.http}/${encodeURI(own)}`, reason, sentence }
      : { answer: 'file', name: own, reason, sentence };
  }
  const isForNothing = (each: number): boolean => plan.boot === 'osie' && firmwareOfCode(each) === 'arm64-uefi';
  const usable = codes.filter((each) => choice.byArchitecture?.has(each) || firmwareOfCode(each) !== undefined);
  const code = usable.find((each) => choice.byArchitecture?.has(each) || !isForNothing(each)) ?? usable[0];
  const firmware = code === undefined ? undefined : firmwareOfCode(code);
  const set = code === undefined ? undefined : choice.byArchitecture?.get(code);
  if (code !== undefined && set !== undefined) {
    const why = `the settings name the loader ${set} for ${inWords(code)}`;
    return isThere(set, choice) ? give(set, client, served, plan, why) : noLoader(`${why}, which is not here`);
  }
  if (code === undefined || firmware === undefined) {
    const asked = client.architectures.map(inWords).join(' or ') || 'no architecture';
    return noLoader(`its firmware asks for ${asked}, for which there is no boot file here`);
  }
  if (isForNothing(code)) return noSystem([code]);
  const { loader, why } = choose(firmware, plan, client, choice);
  const whys = [...lie(code, client), ...(why === undefined ? [] : [why])];
  switch (loader) {
    case 'script':
      return { answer: 'url', url: script, reason, sentence: [sentence, ...whys].join('; ') };
    case 'signed-x64.img':
    case 'signed-arm64.img':
      return {
        answer: 'url',
        url: `${served.http}/boot/${served.mac}/${loader}`,
        reason,
        sentence: [sentence, ...whys].join('; '),
      };
    case 'none':
      return {
        answer: 'ignore',
        reason: firmware === 'amd64-uefi' ? 'secure-boot' : 'no-loader',
        sentence: whys.join('; '),
      };
    default:
      return give(loader, client, served, plan, ...whys);
  }
}

/** A loader that a machine's boot environment brings. */
function ownLoader(codes: readonly number[], { loaderFor }: Served): string | undefined {
  for (const code of codes) {
    const firmware = firmwareOfCode(code);
    const loader = firmware && loaderFor?.(firmware);
    if (loader !== undefined) return loader;
  }
  return undefined;
}

/**
 * The codes that may be meant, in the order in which they are tried: those of option 93, then that of the vendor class
 * where it says another. Where all that is nothing registered, what the hardware data says of the machine.
 */
function codesOf({ architectures, vendorClass }: FirmwareClient, { recorded }: LoaderChoice): number[] {
  const inClass = codeInVendorClass(vendorClass);
  const said = inClass === undefined ? architectures : [...new Set([...architectures, inClass])];
  const inData = said.some((code) => REGISTERED.has(code)) ? undefined : recordedCode(recorded);
  return inData === undefined ? said : [...said, inData];
}

/** Where the firmware did not say itself, in option 93, what it is taken for. */
function lie(code: number, { architectures, vendorClass }: FirmwareClient): string[] {
  if (architectures.includes(code)) return [];
  const from = codeInVendorClass(vendorClass) === code ? 'its vendor class' : 'its hardware data';
  return [`it is taken for ${inWords(code)}, as ${from} says, and not for ${architectures.map(inWords).join(' or ')}`];
}

function recordedCode(recorded: LoaderChoice['recorded']): number | undefined {
  switch (recorded?.arch) {
    case 'x86_64':
    case 'amd64':
      return recorded.uefi === true ? 7 : 0;
    case 'aarch64':
    case 'arm64':
      return 11;
    default:
      return undefined;
  }
}

/** What a firmware gets next: of its loaders, in this order, that of which the fewest have come to nothing. */
function choose(
  firmware: Firmware,
  plan: BootPlan,
  client: FirmwareClient,
  choice: LoaderChoice,
): { loader: Loader | SignedDisk | 'script' | 'none'; why?: string } {
  if (firmware === 'arm64-uefi') return signed(firmware, client, choice);
  const failed = choice.failed?.() ?? new Map<string, number>();
  const timesOf = (loader: string): number => failed.get(loader) ?? 0;
  if (firmware === '386-pcbios') {
    const loaders = ['undionly.kpxe', 'ipxe.pxe', 'script'] as const;
    const loader = leastFailed(loaders, timesOf);
    if (loader === loaders[0]) return { loader };
    const tried = told(loaders, timesOf);
    return {
      loader,
      why: `it has fetched ${tried} and asked again as if nothing had started, so it gets ${named(loader)}`,
    };
  }
  const policy = choice.secureBoot ?? 'auto';
  if (policy === 'on') return signed(firmware, client, choice, 'Secure Boot is said to be on');
  // A UEFI firmware goes to the disk through a small GRUB at once; iPXE before it would only cost time.
  const usual = plan.boot === 'local' ? 'localboot.efi' : 'ipxe.efi';
  if (policy === 'auto' && choice.wasSecure?.())
    return signed(firmware, client, choice, 'its in-memory system has found Secure Boot on');
  const loaders = [usual, ...(policy === 'auto' ? (['shimx64.efi'] as const) : []), 'snponly.efi', 'script'] as const;
  const loader = leastFailed(loaders, timesOf);
  if (loader === usual) return { loader };
  const tried = told(loaders, timesOf);
  const why = `it has fetched ${tried} and asked again as if nothing had started`;
  return loader === 'shimx64.efi'
    ? signed(firmware, client, choice, `${why}: Secure Boot may be on`)
    : { loader, why: `${why}, so it gets ${named(loader)}` };
}

/**
 * What is signed. By HTTP it is a disk with all that is needed; by PXE shim and GRUB. The GRUB of Debian 12 takes the
 * server that gave the address for the one that it came from, so beside another DHCP server it would not find us.
 */
function signed(
  firmware: 'amd64-uefi' | 'arm64-uefi',
  { kind }: FirmwareClient,
  { isProxy }: LoaderChoice,
  because?: string,
): { loader: Loader | SignedDisk | 'none'; why?: string } {
  const told = (text: string): string => (because === undefined ? text : `${because}; ${text}`);
  const [shim, disk] =
    firmware === 'amd64-uefi'
      ? (['shimx64.efi', 'signed-x64.img'] as const)
      : (['shimaa64.efi', 'signed-arm64.img'] as const);
  if (kind === 'http') return { loader: disk, why: told(`it gets ${disk}, a disk in memory with signed loaders`) };
  if (!isProxy) return { loader: shim, why: told(`it gets ${shim}, which is signed`) };
  return {
    loader: 'none',
    why: told(
      'the signed GRUB asks the server that gave the address, which is another, so its request is left, for the firmware to go on to HTTP boot',
    ),
  };
}

function leastFailed<T extends string>(loaders: readonly T[], timesOf: (loader: string) => number): T {
  return loaders.reduce((best, loader) => (timesOf(loader) < timesOf(best) ? loader : best));
}

/** `ipxe.efi (once) and snponly.efi (twice)` */
function told(loaders: readonly string[], timesOf: (loader: string) => number): string {
  const times = (n: number): string => (n === 1 ? 'once' : n === 2 ? 'twice' : `${n} times`);
  const tried = loaders.filter((loader) => timesOf(loader) > 0);
  return tried.map((loader) => `${loader} (${times(timesOf(loader))})`).join(' and ');
}

const named = (loader: string): string => (loader === 'script' ? 'the iPXE script itself' : loader);

/** A Raspberry Pi looks for its own firmware's files, below its serial number, whatever name it is told. */
function raspberryPiAnswer({ boot, reason, sentence }: BootPlan, { mac }: Served): BootAnswer {
  if (boot === 'local') return { answer: 'none', reason, sentence };
  const more = 'it is a Raspberry Pi, which fetches the files of its own firmware below its serial number';
  return { answer: 'file', name: `${mac}/bootcode.bin`, reason, sentence: `${sentence}; ${more}` };
}

function isBios({ architectures }: FirmwareClient): boolean {
  return architectures.every((code) => firmwareOfCode(code) === '386-pcbios');
}

function isThere(name: string, { hasFile }: LoaderChoice): boolean {
  return ownName(name) !== undefined || hasFile?.(name) === true;
}

/** The loader of our own that a name means. */
function ownName(name: string): Loader | undefined {
  return LOADERS.find((loader) => loader === name) ?? ALIASES[name];
}

function give(name: string, { kind }: FirmwareClient, served: Served, plan: BootPlan, ...whys: string[]): BootAnswer {
  const { http, mac } = served;
  const { reason } = plan;
  const sentence = [plan.sentence, ...whys].join('; ');
  const path = `${mac}/${served.choice?.hasFile?.(name) ? name : (ownName(name) ?? name)}`;
  if (kind === 'http') return { answer: 'url', url: `${http}/boot/loaders/${encodeURI(path)}`, reason, sentence };
  return { answer: 'file', name: path, reason, sentence };
}

function noLoader(sentence: string): BootAnswer {
  return { answer: 'ignore', reason: 'no-loader', sentence };
}

function noSystem(codes: readonly number[]): BootAnswer {
  return noLoader(`its firmware is ${codes.map(inWords).join(' or ')}, and the in-memory system here is for x86-64`);
}

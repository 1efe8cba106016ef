/**
 * Which boot file a firmware gets: by what it said of itself (option 93, option 60, and whether it is iPXE already), by
 * what people have set, and by what came of the loaders that it had before.
 */
import { codeInVendorClass, type Firmware, firmwareOfCode, inWords, REGISTERED } from './architectures.ts';
import type { BootAnswer, FirmwareClient } from './dhcp/index.ts';
import { isSecure, LOADERS, type Loader, type LoaderChoice, nextLoader } from './loader-order.ts';
import type { BootPlan } from './plan.ts';
import { isRaspberryPi } from './raspberry-pi.ts';

export type { Firmware } from './architectures.ts';
export {
  LOADERS,
  type Loader,
  type LoaderChoice,
  SECURE_BOOT_POLICIES,
  type SecureBootPolicy,
} from './loader-order.ts';

/** Names by which others know what we have. */
const ALIASES: Readonly<Record<string, Loader>> = { 'snp-x86_64.efi': 'snponly.efi' };

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
  const isRefused = own !== undefined && firmwareIsUefi(codes) && isSecure(choice) && !SHIM.test(own);
  if (own !== undefined && !isRefused) {
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
  const { loader, why } = nextLoader(firmware, { isLocal: plan.boot === 'local', kind: client.kind, choice });
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
        reason: firmware === 'amd64-uefi' ? 'secure-boot' : 'http-only',
        sentence: whys.join('; '),
      };
    default:
      return give(loader, client, served, plan, ...whys);
  }
}

/** How distributions call what Microsoft has signed. */
const SHIM = /(?:^|\/)(?:shim|boot)(?:x64|aa64)?\.efi/i;

const firmwareIsUefi = (codes: readonly number[]): boolean =>
  codes.some((code) => firmwareOfCode(code)?.endsWith('-uefi') === true);

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
  const isOurs = LOADERS.some((loader) => loader === name);
  const file = isOurs || served.choice?.hasFile?.(name) ? name : (ownName(name) ?? name);
  const path = `${mac}/${file}`;
  if (kind === 'http') return { answer: 'url', url: `${http}/boot/loaders/${encodeURI(path)}`, reason, sentence };
  return { answer: 'file', name: path, reason, sentence };
}

function noLoader(sentence: string): BootAnswer {
  return { answer: 'ignore', reason: 'no-loader', sentence };
}

function noSystem(codes: readonly number[]): BootAnswer {
  const firmware = codes.map(inWords).join(' or ');
  const sentence = `its firmware is ${firmware}, and the in-memory system, which runs workflows, is for x86-64`;
  return { answer: 'ignore', reason: 'no-system', sentence };
}

/** Which of the answers firmware takes, and where it gets its boot file from. Pure. */
import type { Answer, Firmware } from '../../boots/dhcp-client/index.ts';
import { fileNameIn } from '../../boots/url-paths.ts';

export interface Selection {
  /** The offer of an address that it takes. */
  lease: Answer | undefined;
  /** The answer that says what to boot: the same, or that of a ProxyDHCP server. */
  boot: Answer | undefined;
  /** Whether it has to ask that server again, on port 4011, before it has a file name. */
  asksBootServer: boolean;
}

/**
 * As EDK2 does: first an offer of address and PXE in one, then an address and a ProxyDHCP server, then an address with a
 * plain file name. UEFI HTTP Boot takes nothing that does not name itself `HTTPClient`.
 */
export function select(firmware: Firmware, answers: readonly Answer[]): Selection {
  const offers = answers.filter(({ type }) => type === 'OFFER');
  const leases = offers.filter(({ lease }) => lease !== undefined);
  const wanted = firmware.kind === 'http' ? 'HTTPClient' : 'PXEClient';
  const isNamed = ({ boot }: Answer): boolean => boot?.vendorClass?.startsWith(wanted) ?? false;
  const both = leases.find((offer) => isNamed(offer) && tellsOf(offer));
  const proxy = offers.find((offer) => offer.lease === undefined && isNamed(offer));
  const plain =
    firmware.kind === 'http' ? undefined : leases.find(({ boot }) => boot?.file !== undefined && !isHttpOnly(boot));
  const boot = both ?? proxy ?? plain;
  const lease = boot?.lease === undefined ? leases[0] : boot;
  return { lease, boot, asksBootServer: boot !== undefined && firmware.kind !== 'http' && !hasFile(boot) };
}

function isHttpOnly({ vendorClass }: NonNullable<Answer['boot']>): boolean {
  return vendorClass?.startsWith('HTTPClient') ?? false;
}

function tellsOf({ boot }: Answer): boolean {
  return boot !== undefined && (boot.file !== undefined || boot.menu.length > 0);
}

/** A file that is to be used, rather than a menu of boot servers that has to be asked through. */
function hasFile({ boot }: Answer): boolean {
  return boot?.file !== undefined && (boot.useFile || boot.menu.length === 0);
}

/** Where a boot file is. */
export type Place =
  | { protocol: 'tftp'; host: string; port: number; file: string }
  | { protocol: 'http'; url: string }
  /** Of a protocol that is not looked into, or with settings of iPXE that are not known here. */
  | { protocol: 'other'; file: string };

const MAC_SETTING = /\$\{(?:net(?:\d|X)\/)?mac(?::hexhyp)?\}/g;

/** Where the file that an answer names is; undefined where it names none. */
export function placeOf({ boot, server }: Answer, mac: string): Place | undefined {
  if (boot?.file === undefined) return undefined;
  const file = boot.file.replace(MAC_SETTING, (setting) =>
    setting.includes('hexhyp') ? mac.replaceAll(':', '-') : mac,
  );
  if (file.includes('${')) return { protocol: 'other', file };
  if (!/^[a-z]+:\/\//i.test(file)) return { protocol: 'tftp', host: boot.fileServer ?? server, port: 69, file };
  const url = URL.canParse(file) ? new URL(file) : undefined;
  if (url?.protocol === 'http:') return { protocol: 'http', url: file };
  if (url?.protocol !== 'tftp:' || url.hostname === '') return { protocol: 'other', file };
  const path = fileNameIn(url.pathname.replace(/^\//, ''));
  return { protocol: 'tftp', host: url.hostname, port: Number(url.port || 69), file: path };
}

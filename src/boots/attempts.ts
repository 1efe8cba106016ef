/**
 * What came of the loaders that a machine fetched, by its trace. A loader that runs is heard of: iPXE asks DHCP again by
 * its own name, shim fetches GRUB, GRUB its configuration. After one that does not run, the firmware asks again. Pure.
 */
import { isPlayed } from './played.ts';
import type { TraceEntry } from './trace.ts';

/** How often each loader, by its name, was fetched whole and nothing came of it. `script`: the URL of the iPXE script. */
export type FailedLoaders = ReadonlyMap<string, number>;

/** How long a failure counts, ms: after an hour somebody may have changed the firmware's settings. */
const COUNTS_MS = 60 * 60_000;
/** The loader of installed systems is not heard of; firmware that asks again within so many ms did not run it. */
const SILENT_MS = 60_000;
const SILENT_LOADERS: readonly string[] = ['localboot.efi'];
const LOADER = /\.(?:efi|kk?pxe|pxe|0)$/i;

/**
 * What has failed for a machine whose firmware asks now.
 * @param entries of one MAC address, oldest first; whether that it asks is noted already makes no difference
 */
export function failedLoaders(entries: readonly TraceEntry[], now: number): FailedLoaders {
  const failed = new Map<string, number>();
  let fetched: { name: string; time: number } | undefined;
  const askedAt = (time: number): void => {
    if (fetched === undefined) return;
    const isRunning = SILENT_LOADERS.includes(fetched.name) && time - fetched.time > SILENT_MS;
    if (!isRunning) failed.set(fetched.name, (failed.get(fetched.name) ?? 0) + 1);
    fetched = undefined;
  };
  for (const entry of entries) {
    if (now - entry.time > COUNTS_MS || isPlayed(entry)) continue;
    if (isRefusedUrl(entry)) failed.set('script', (failed.get('script') ?? 0) + 1);
    const name = loaderFetched(entry);
    if (name !== undefined) {
      // Where firmware did not ask again in between, the first loader has fetched the second.
      if (fetched !== undefined && fetched.name !== name) failed.delete(fetched.name);
      fetched = { name, time: entry.time };
    } else if (asksAgain(entry)) {
      askedAt(entry.time);
    } else if (fetched !== undefined && isHeard(entry, fetched.name)) {
      failed.delete(fetched.name);
      fetched = undefined;
    }
  }
  askedAt(now);
  return failed;
}

/** Name of a loader that an entry says was fetched whole. */
function loaderFetched({ role, what, outcome, reason, details }: TraceEntry): string | undefined {
  if (outcome !== 'completed' || (role !== 'tftp' && role !== 'http')) return undefined;
  // UEFI asks for the size first, by HEAD or for a part.
  if (reason === 'size-only' || (role === 'http' && (reason !== 'sent' || details.range !== undefined)))
    return undefined;
  if (details.bytes !== (role === 'tftp' ? details.size : details.total)) return undefined;
  return LOADER.test(what) ? baseOf(what) : undefined;
}

/** Firmware that takes the URL of a script for a file name, as all does that is not iPXE. */
function isRefusedUrl({ role, what, outcome }: TraceEntry): boolean {
  return role === 'tftp' && outcome === 'refused' && /^https?:\/\//.test(what);
}

/** Firmware that starts from the beginning. Its REQUEST, which follows, is the same asking. */
function asksAgain({ role, what, details }: TraceEntry): boolean {
  return role === 'dhcp' && what === 'DISCOVER' && (details.firmware === 'pxe' || details.firmware === 'http');
}

/** A program that the machine has from us speaks: firmware fetches nothing but its loader. */
function isHeard({ role, what, details }: TraceEntry, loader: string): boolean {
  return role === 'dhcp' ? details.firmware === 'ipxe' : baseOf(what) !== loader;
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

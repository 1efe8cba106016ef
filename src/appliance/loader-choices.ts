/** What is set and known of a machine that decides about its boot loader. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { failedLoaders } from '../boots/attempts.ts';
import type { LoaderChoice, SecureBootPolicy } from '../boots/loaders.ts';
import type { Trace } from '../boots/trace.ts';
import type { Inventories } from '../machines/discovery/inventories.ts';
import { interfaceOf, type Machine } from '../machines/machines.ts';

export interface LoaderParts {
  loaders: ReadonlyMap<number, string>;
  secureBoot: SecureBootPolicy;
  filesDirectory: string;
  trace: Pick<Trace, 'of'>;
  inventories: Pick<Inventories, 'of'>;
  clock: () => number;
}

export type LoaderChoices = (mac: string, machine: Machine | undefined) => LoaderChoice;

export function loaderChoices({
  loaders,
  filesDirectory,
  trace,
  inventories,
  clock,
  ...set
}: LoaderParts): LoaderChoices {
  return (mac, machine) => {
    const own = machine && interfaceOf(machine, mac);
    const isSecure = own?.netboot?.secure_boot;
    return {
      byArchitecture: loaders,
      binary: own?.netboot?.ipxe?.binary,
      recorded: { arch: own?.dhcp.arch, uefi: own?.dhcp.uefi },
      secureBoot: isSecure === undefined ? set.secureBoot : isSecure ? 'on' : 'off',
      wasSecure: () => machine !== undefined && inventories.of(machine.id)?.inventory.firmware.secureBoot === 'on',
      failed: () => failedLoaders(trace.of(mac), clock()),
      // What climbs out of the directory is refused when it is asked for.
      hasFile: (name) => !name.split('/').includes('..') && existsSync(join(filesDirectory, name)),
    };
  };
}

/** What is set and known of a machine that decides about its boot loader. */
import { failedLoaders } from '../boots/attempts.ts';
import type { LoaderChoice, SecureBootPolicy } from '../boots/loaders.ts';
import type { Trace } from '../boots/trace.ts';
import type { Inventories } from '../machines/discovery/inventories.ts';
import { interfaceOf, type Machine } from '../machines/machines.ts';
import { fileBelow } from './loaders-for-all.ts';

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
      hasFile: fileBelow(filesDirectory),
    };
  };
}

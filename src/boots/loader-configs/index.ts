/**
 * Configuration for boot loaders that are not iPXE, made for each machine from the one decision, over TFTP and HTTP alike:
 * so that shim and GRUB, or a distribution's own PXELINUX, boot what iPXE would.
 */
import { TinsmithError } from '../../errors.ts';
import type { Machine, Machines } from '../../machines/machines.ts';
import { isOneOf, macBehind, type Network } from '../asker.ts';
import type { BootScripts } from '../boot-scripts.ts';
import { loaderBoot } from './boot.ts';
import { grubAsksAgain, grubConfig } from './grub.ts';
import { type ConfigName, readConfigName } from './names.ts';
import { pxelinuxConfig } from './pxelinux.ts';

export interface LoaderConfigParts extends Pick<Network, 'neighbour'> {
  machines: Machines;
  scripts: BootScripts;
}

export interface ConfigRequest {
  /** Where it comes from. */
  address: string;
  /** `http://ADDRESS:PORT`, as the one that asks reaches us. */
  server: string;
  protocol: 'tftp' | 'http';
  /** No token in it is to open anything. */
  preview: boolean;
}

export type ConfigAnswer =
  | { kind: 'text'; text: string; mac: string }
  | { kind: 'refused'; error: TinsmithError; mac: string }
  /** The name is none of a configuration, or of nobody's. */
  | { kind: 'none' };

export class LoaderConfigs {
  readonly #parts: LoaderConfigParts;

  constructor(parts: LoaderConfigParts) {
    this.#parts = parts;
  }

  /** The configuration under a name. */
  async find(name: string, request: ConfigRequest): Promise<ConfigAnswer> {
    const wanted = readConfigName(name);
    if (wanted === undefined) return { kind: 'none' };
    const { loader } = wanted;
    const mac = this.#macOf(wanted, request.address);
    if (loader === 'autoexec') return { kind: 'text', text: autoexec(request.server, mac), mac };
    if (mac === '')
      return loader === 'grub' && wanted.of === 'asker'
        ? { kind: 'text', text: grubAsksAgain(), mac }
        : { kind: 'none' };
    const { address: remote, server, protocol, preview } = request;
    try {
      const text = await this.#parts.scripts.give(
        { mac, remote, server, preview, services: false, what: name },
        async (admitted) => {
          const boots = await loaderBoot(admitted);
          return loader === 'grub'
            ? grubConfig(mac, boots, { protocol, url: server })
            : pxelinuxConfig(mac, boots, server);
        },
      );
      return { kind: 'text', text, mac };
    } catch (error) {
      if (error instanceof TinsmithError) return { kind: 'refused', error, mac };
      throw error;
    }
  }

  /** Whose configuration it is; empty: that is not known. */
  #macOf({ of }: ConfigName, asker: string): string {
    const { machines } = this.#parts;
    if (of === 'asker') return macBehind(this.#parts, machines, asker);
    if ('mac' in of) return of.mac;
    // GRUB and PXELINUX that ask by their address mean that with which they ask.
    if ('address' in of) return of.address === asker ? macBehind(this.#parts, machines, asker) : '';
    const machine = machines.get(of.uuid);
    return machine === undefined ? '' : this.#cardOf(machine, asker);
  }

  #cardOf(machine: Machine, asker: string): string {
    const behind = macBehind(this.#parts, this.#parts.machines, asker);
    return isOneOf(machine, behind) ? behind : (machine.hardware.network.interfaces[0]?.dhcp.mac ?? '');
  }
}

/**
 * What iPXE runs at once where it finds it beside itself. It has no address yet then, so it takes one; the machine's script
 * follows.
 */
function autoexec(server: string, mac: string): string {
  return `#!ipxe
isset \${netX/ip} || dhcp || exit 1
chain --autofree --replace ${server}/boot/${mac === '' ? `\${netX/mac}` : mac}/auto.ipxe || exit 1
`;
}

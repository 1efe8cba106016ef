/**
 * The texts of boot environments and stages: made for one machine when it asks, and told to nobody else, over HTTP and
 * TFTP alike. They may have passwords and tokens in them.
 */
import { TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import { isOneOf, macBehind, type Network, notOfMachine } from './asker.ts';
import type { BootTokens } from './boot-tokens.ts';
import { BOOTENVS, type Environments, withToken } from './environments.ts';
import { PREVIEW_TOKEN } from './ipxe/scripts.ts';

export interface TextParts extends Network {
  machines: Machines;
  environments: Environments;
  tokens: Pick<BootTokens, 'ofBoot'>;
}

/** What there is for a path. `mac`: whose boot it is, for the trace. */
export type TextAnswer =
  | { kind: 'text'; text: string; machine: Machine; mac: string }
  | { kind: 'refused'; reason: 'not-this-machine' | 'template' | 'no-such-text'; error: TinsmithError; mac: string }
  /** The path is none of any machine. */
  | { kind: 'none' };

export interface Asking {
  /** Where the request comes from. */
  address: string;
  /** `http://ADDRESS:PORT`, as the one that asks reaches us. */
  server: string;
  /** Any machine's text may be looked at. */
  administrator: boolean;
  /** Nothing is to be used up: no token in it opens anything. */
  preview: boolean;
}

/** Bytes of a text: it goes through memory, and through TFTP in small blocks. */
const TEXT_MAX = 1 << 20;

export class Texts {
  readonly #parts: TextParts;

  constructor(parts: TextParts) {
    this.#parts = parts;
  }

  /** The text for a path, which may have slashes in front. */
  async find(path: string, asking: Asking): Promise<TextAnswer> {
    const { machines, environments, tokens } = this.#parts;
    const wanted = path.replace(/^\/+/, '');
    const named = machineNamed(machines, wanted);
    const behind = macBehind(this.#parts, machines, asking.address);
    const machine = named === undefined ? machines.byMac(behind) : named;
    const life = machine ? environments.lifeOf(machine.id) : undefined;
    if (!machine || (life?.stage === undefined && life?.bootEnv === undefined)) return { kind: 'none' };

    const mac = isOneOf(machine, behind) ? behind : (machine.hardware.network.interfaces[0]?.dhcp.mac ?? '');
    const stranger = asking.administrator ? undefined : notOfMachine(this.#parts, machine, asking.address);
    if (stranger !== undefined) {
      const error = new TinsmithError('FORBIDDEN', `${wanted} is for machine ${machine.name} itself: ${stranger}.`, {
        next: 'Fetch it from the machine, or look at it with the token of the administrator.',
      });
      return { kind: 'refused', reason: 'not-this-machine', error, mac };
    }
    try {
      const issue = async (): Promise<string> => (asking.preview ? PREVIEW_TOKEN : tokens.ofBoot(machine.id));
      for (const each of pathsOf(wanted, life.bootEnv)) {
        const text = await withToken(issue, (token) =>
          environments.textOf(machine, each, { server: asking.server, token, preview: asking.preview }),
        );
        if (text !== undefined) return { kind: 'text', text: limited(text, each), machine, mac };
      }
    } catch (error) {
      if (!(error instanceof TinsmithError)) throw error;
      return { kind: 'refused', reason: 'template', error, mac };
    }
    const where = [
      ...(life.stage === undefined ? [] : [`stage ${life.stage}`]),
      ...(life.bootEnv === undefined ? [] : [`boot environment ${life.bootEnv}`]),
    ].join(' and ');
    const error = new TinsmithError('NOT_FOUND', `Machine ${machine.name} has no text ${wanted} in ${where}.`, {
      next: 'A machine is given the templates of the stage and the environment that it is in now.',
    });
    return { kind: 'refused', reason: 'no-such-text', error, mac };
  }
}

const MACHINE_PATH = /^machines\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\//i;
/** As firmware, PXELINUX, GRUB and iPXE write it, alone or behind `01-`; with the end of a name behind it. */
const MAC_PART = /(?:^|\/)(?:01-)?([0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\2[0-9a-f]{2}){4})(?=$|[/.])/i;

/** The machine that a path names; null: one that there is not; undefined: it names none. */
function machineNamed(machines: Machines, path: string): Machine | null | undefined {
  const id = MACHINE_PATH.exec(path)?.[1];
  if (id !== undefined) return machines.get(id.toLowerCase()) ?? null;
  const mac = MAC_PART.exec(path)?.[1];
  return mac === undefined ? undefined : (machines.byMac(mac) ?? null);
}

/**
 * The paths that a name may mean. Loaders ask below the folder that they came from themselves: that of their machine's
 * MAC address, or of its environment.
 */
function pathsOf(name: string, bootEnv: string | undefined): string[] {
  const folder = `${BOOTENVS}/${bootEnv}/`;
  return bootEnv !== undefined && name.startsWith(folder) ? [name, name.slice(folder.length)] : [name];
}

function limited(text: string, path: string): string {
  const size = Buffer.byteLength(text);
  if (size <= TEXT_MAX) return text;
  throw new TinsmithError('INVALID_INPUT', `${path} has ${size} bytes once it is filled in; ${TEXT_MAX} is the most.`, {
    next: 'Put what is large below the served files, and have the machine fetch it from there.',
  });
}

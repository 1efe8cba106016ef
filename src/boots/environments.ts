/**
 * Boot environments, and the texts that a machine is given in its stage and its environment, as booting needs them.
 * What they are made of is known elsewhere; the appliance fills this in.
 */
import { TinsmithError } from '../errors.ts';
import type { Machine } from '../machines/machines.ts';
import { PREVIEW_TOKEN } from './ipxe/scripts.ts';
import type { IsoNeed } from './iso/index.ts';
import type { Firmware } from './loaders.ts';
import type { BootLife } from './plan.ts';
import type { SaidProcessor } from './processor.ts';

/** Folder of their files below the served ones; a folder for each environment is in it. */
export const BOOTENVS = 'bootenvs';

/** What texts are filled in with, beside what is known of the machine. */
export interface Filling {
  /** `http://ADDRESS:PORT`, as the machine reaches us. */
  server: string;
  /** A token for the machine; called only for texts that have one in them. */
  token: () => string;
  /** Whether it is only looked at: secure values are masked then. */
  preview?: boolean;
}

/** What an environment gives a machine to boot; all filled in. */
export type EnvironmentBoot =
  | /** An iPXE script of its own. */ { ipxe: string }
  | {
      /** URLs. Without a kernel there is nothing to boot. */
      kernel: string;
      initrds: string[];
      bootParams: string;
      /** Why this cannot be booted as it is, such as files that are not there. */
      unusable: string[];
    };

export interface Environments {
  /** What is kept of a machine's life. */
  lifeOf(machine: string): BootLife | undefined;
  /** The loader that a machine's environment brings for a firmware: a path below the served files, where it is there. */
  loaderFor(machine: Machine, firmware: Firmware): string | undefined;
  /** The same as it is while a firmware asks that says this of itself. */
  askedBy(firmware: SaidProcessor | undefined): Environments;
  /** Resolves when it is known whether the ISO image of a machine's environment is the right one. */
  verified(machine: Machine): Promise<void>;
  /** The ISO images whose content is below the files of an environment, that of the machine's architecture first. */
  isosOf(bootEnv: string, machine?: Machine): IsoNeed[];
  /** What a machine's environment boots. @throws TinsmithError INVALID_INPUT (cannot be filled in), NOT_FOUND (gone) */
  bootOf(machine: Machine, filling: Filling): EnvironmentBoot;
  /**
   * The text that a machine's stage or environment has under a path (without a slash in front); undefined: none.
   * @throws TinsmithError INVALID_INPUT with the template and the line where it cannot be filled in
   */
  textOf(machine: Machine, path: string, filling: Filling): string | undefined;
}

/** Fills in, and once more with a token where one was asked for: a token is on disk before it is told. */
export async function withToken<T>(issue: () => Promise<string>, fill: (token: () => string) => T): Promise<T> {
  let isAsked = false;
  const filled = fill(() => {
    isAsked = true;
    return PREVIEW_TOKEN;
  });
  if (!isAsked) return filled;
  const token = await issue();
  return fill(() => token);
}

/**
 * What a machine's environment boots, when it can be booted as it is.
 * @throws TinsmithError UNAVAILABLE where something is missing, INVALID_INPUT for a template that cannot be filled in
 */
export async function readyEnvironment(
  environments: Environments | undefined,
  machine: Machine | undefined,
  environment: string,
  server: string,
  issue: () => Promise<string>,
): Promise<EnvironmentBoot> {
  if (machine) await environments?.verified(machine);
  const boots = machine && (await withToken(issue, (token) => environments?.bootOf(machine, { server, token })));
  const missing = boots === undefined ? ['it is not there'] : 'unusable' in boots ? boots.unusable : [];
  if (boots !== undefined && missing.length === 0) return boots;
  throw new TinsmithError(
    'UNAVAILABLE',
    `Machine ${machine?.name ?? 'that nobody knows'} cannot boot its environment ${environment}: ${missing.join('; ')}.`,
    { next: 'Add what is missing, or give the machine another environment: tinsmith machine bootenv' },
  );
}

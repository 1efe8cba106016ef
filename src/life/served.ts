/**
 * What a machine is given to boot, and the texts of its stage and its boot environment, made when they are asked for. The
 * rooms that boot machines know neither lives nor content; this is what they are told.
 */

import { posix } from 'node:path';
import type { IsoNeed } from '../boots/iso/index.ts';
import type { SaidProcessor } from '../boots/processor.ts';
import type { BootEnv, Catalogue, TemplateEntry } from '../content/objects.ts';
import { TinsmithError } from '../errors.ts';
import type { Machine } from '../machines/machines.ts';
import { masker } from '../mask.ts';
import type { Reader } from '../store/store.ts';
import type { EnvironmentFiles } from './environment-files.ts';
import { currentJob } from './jobs.ts';
import type { Processors } from './processors.ts';
import { type Life, lifeOf } from './record.ts';
import { architectureOf, bootOf, isUrl } from './render/boot-env.ts';
import { fileOf, missingParams, type RenderContext } from './render/index.ts';
import { isosOf } from './render/isos.ts';
import { Rendering } from './render/rendering.ts';

/** What texts are filled in with, beside what is known of the machine. */
interface Filling {
  /** `http://ADDRESS:PORT` */
  server: string;
  token: () => string;
  preview?: boolean;
}

/** The templates of a stage or an environment. */
interface Owner {
  called: string;
  templates: readonly TemplateEntry[];
  requiredParams: readonly string[];
}

/** Names of templates that are the iPXE script of an environment, the first that there is. */
const IPXE_NAMES = ['ipxe-mac', 'ipxe', 'default-ipxe', 'default.ipxe'];

/** What it is made from. */
interface ServedParts {
  store: Reader;
  catalogue: () => Catalogue;
  files: EnvironmentFiles;
  processors: Processors;
  /** The value in a sealed one. */
  open: RenderContext['open'];
}

export class Served {
  readonly #parts: ServedParts;

  constructor(parts: ServedParts) {
    this.#parts = parts;
  }

  /** The same as it is while a firmware asks that says this of itself. */
  askedBy(firmware: SaidProcessor | undefined): Served {
    return new Served({ ...this.#parts, processors: this.#parts.processors.askedBy(firmware) });
  }

  lifeOf(machine: string): Pick<Life, 'stage' | 'bootEnv' | 'workflow'> {
    return lifeOf(this.#parts.store, machine);
  }

  /** The loader that a machine's environment brings for a firmware: a path below the served files, where it is there. */
  loaderFor(machine: Machine, firmware: '386-pcbios' | 'amd64-uefi' | 'arm64-uefi'): string | undefined {
    const env = this.#contextOf(machine).bootEnv;
    const [arch = ''] = firmware.split('-');
    const isUefi = firmware.endsWith('-uefi');
    const name = env?.loaders[firmware] || (isUefi && env && architectureOf(env, arch)?.loader) || '';
    if (!env || name === '' || isUrl(name)) return undefined;
    // Loaders ask for their configuration where they came from: below the environment, not inside the image.
    return 'at' in this.#parts.files.locate(env, arch, name) ? fileOf(env, name) : undefined;
  }

  /**
   * What a machine's environment boots: an iPXE script of its own, or a kernel.
   * @throws TinsmithError NOT_FOUND (it is gone), INVALID_INPUT (cannot be filled in)
   */
  bootOf(
    machine: Machine,
    filling: Filling,
  ): { ipxe: string } | { kernel: string; initrds: string[]; bootParams: string; unusable: string[] } {
    const context = this.#contextOf(machine, filling);
    const { bootEnv: env, life } = context;
    if (!env)
      throw new TinsmithError(
        'NOT_FOUND',
        `Machine ${machine.name} is to boot environment ${life.bootEnv}, which is not there.`,
        { next: 'Add it, or give the machine another: tinsmith bootenv list' },
      );
    const owner = ownerOf('boot environment', env);
    const own = ipxeOf(env);
    if (own) return { ipxe: fillIn(context, owner, (rendering) => entryText(rendering, own)) };
    const processor = this.#parts.processors.of(machine);
    const { arch } = processor;
    const { kernel, initrds, bootParams } = bootOf(env, arch);
    const url = (file: string): string => {
      const located = this.#parts.files.locate(env, arch, file);
      const path = 'at' in located ? located.at : fileOf(env, file);
      return isUrl(path) ? path : `${filling.server}/${encodeURI(path)}`;
    };
    const called = `boot params of environment "${env.name}"`;
    return {
      kernel: kernel === '' ? '' : url(kernel),
      initrds: initrds.map(url),
      bootParams: fillIn(context, owner, (rendering) => rendering.text(bootParams, called)),
      unusable: this.#parts.files.unusable(env, processor, hasScript),
    };
  }

  /** Resolves when it is known whether the image of a machine's environment is the right one. */
  async verified(machine: Machine): Promise<void> {
    const env = this.#contextOf(machine).bootEnv;
    if (env) await this.#parts.files.verified(env, this.#parts.processors.of(machine).arch);
  }

  /** The images whose content is below the files of an environment, that of the machine's architecture first. */
  isosOf(bootEnv: string, machine?: Machine): IsoNeed[] {
    const env = this.#parts.catalogue().bootenvs.get(bootEnv);
    return env ? isosOf(env, machine ? this.#parts.processors.of(machine).arch : '') : [];
  }

  /**
   * The text that a machine's stage or environment has under a path (without a slash in front); undefined: none. Of two
   * with one path the stage's counts.
   * @throws TinsmithError INVALID_INPUT with the template and the line where it, or all paths, cannot be filled in
   */
  textOf(machine: Machine, path: string, filling: Filling): string | undefined {
    const context = { ...this.#contextOf(machine, filling), isForMachine: true };
    const { stage, bootEnv } = context;
    const owners = [
      ...(stage ? [ownerOf('stage', stage)] : []),
      ...(bootEnv ? [ownerOf('boot environment', bootEnv)] : []),
    ];
    let fault: unknown;
    for (const owner of owners) {
      for (const entry of owner.templates) {
        if (entry.path === '' || entry.link) continue;
        try {
          // Each with a budget of its own: one text is asked for, and others may be large.
          const rendering = new Rendering(context, owner.templates);
          if (servedPath(rendering.text(entry.path, `path of template "${entry.name}"`)) !== path) continue;
        } catch (error) {
          // It may be the one that is asked for; where another is, that is given.
          fault ??= told(error, owner, machine);
          continue;
        }
        return fillIn(context, owner, (rendering) => {
          const text = entryText(rendering, entry);
          return filling.preview ? masker(rendering.params.secrets)(text) : text;
        });
      }
    }
    if (fault !== undefined) throw fault;
    return undefined;
  }

  #contextOf(machine: Machine, filling?: Filling): RenderContext {
    const catalogue = this.#parts.catalogue();
    const life = lifeOf(this.#parts.store, machine.id);
    const { origin, hostname, port } = new URL(filling?.server ?? 'http://127.0.0.1');
    return {
      ...{
        machine,
        life,
        job: currentJob(this.#parts.store, machine.id),
        catalogue,
        open: this.#parts.open,
        targetOs: 'linux',
      },
      processors: this.#parts.processors,
      stage: life.stage === undefined ? undefined : catalogue.stages.get(life.stage),
      bootEnv: catalogue.bootenvs.get(life.bootEnv ?? ''),
      server: { url: origin, address: hostname, port: port || '80' },
      token: () => filling?.token() ?? '',
    };
  }
}

/** Whether an environment brings an iPXE script. */
export const hasScript = (env: BootEnv): boolean => ipxeOf(env) !== undefined;

/** The template that is an environment's iPXE script, by its name, or by the end of its path. */
function ipxeOf(env: BootEnv): TemplateEntry | undefined {
  const templates = env.templates.filter(({ link }) => !link);
  for (const name of IPXE_NAMES) {
    const found = templates.find((entry) => entry.name === name);
    if (found) return found;
  }
  return templates.find(({ name, path }) => name.endsWith('.ipxe') || path.trim().endsWith('.ipxe'));
}

function ownerOf(what: string, object: { name: string } & Omit<Owner, 'called'>): Owner {
  const { name, templates, requiredParams } = object;
  return { called: `${what} ${name}`, templates, requiredParams };
}

/** Paths are below the server's root, whatever is in front of them. */
const servedPath = (path: string): string => posix.normalize(`/${path.trim()}`).slice(1);

/** @throws TinsmithError INVALID_INPUT that says whose template it is, and for which machine */
function fillIn(context: RenderContext, owner: Owner, work: (rendering: Rendering) => string): string {
  const missing = missingParams(owner.requiredParams, context);
  const name = context.machine?.name ?? '';
  if (missing.length > 0)
    throw new TinsmithError(
      'INVALID_INPUT',
      `${owner.called} needs ${missing.length > 1 ? 'params' : 'param'} ${missing.join(', ')}, which machine ${name} does not have.`,
      {
        next: 'Set them for the machine, for one of its profiles, or for all in the profile global.',
        problems: missing.map((param) => ({ field: `params.${param}`, message: `is needed by ${owner.called}` })),
      },
    );
  try {
    return work(new Rendering(context, owner.templates));
  } catch (error) {
    throw told(error, owner, context.machine);
  }
}

function told(error: unknown, { called }: Owner, machine: Machine | undefined): unknown {
  if (!(error instanceof TinsmithError) || error.code !== 'INVALID_INPUT') return error;
  const message = `${called} cannot be filled in for machine ${machine?.name}: ${error.message}`;
  return new TinsmithError('INVALID_INPUT', message, {
    next: error.next ?? 'Correct the template there, or give the value that it asks for.',
    problems: error.problems,
    cause: error,
  });
}

function entryText(rendering: Rendering, { name, id, contents }: TemplateEntry): string {
  if (!id) return rendering.text(contents ?? '', `template "${name}"`);
  const shared = rendering.context.catalogue.templates.get(id);
  if (shared) return rendering.text(shared.contents, `shared template "${id}"`);
  throw new TinsmithError('INVALID_INPUT', `there is no shared template "${id}", which template "${name}" is`, {
    next: 'Add it, or correct the id.',
    problems: [{ field: 'id', message: `there is no shared template "${id}"` }],
  });
}

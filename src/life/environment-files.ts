/** The files of boot environments: on the disk, or in the ISO image that the environment names. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ISOS, type IsoShelf } from '../boots/iso/index.ts';
import type { BootEnv } from '../content/objects.ts';
import type { Processor } from './processors.ts';
import { architectureOf, bootOf, fileOf, isUrl } from './render/boot-env.ts';
import { isoOf } from './render/isos.ts';

/** Where a file is served: a URL, or a path below the server; or why it is not. */
export type Located = { at: string } | { missing: string };

/** What an environment's own files are looked for in. */
export interface FilePlaces {
  /** Directory of the served files. */
  directory: string;
  isos?: Pick<IsoShelf, 'findNow' | 'refusalNow' | 'verify'> | undefined;
  /** Whether there is a file; looks at the disk by default. */
  exists?(path: string): boolean;
}

/** What we boot ourselves. */
const OWN: ReadonlySet<string> = new Set(['osie', 'local', 'ignore']);

/** What an environment has instead of a kernel: a script of its own. */
type HasScript = (env: BootEnv) => boolean;

export class EnvironmentFiles {
  readonly #places: FilePlaces;

  constructor(places: FilePlaces) {
    this.#places = places;
  }

  /** Finds a file of an environment: what lies on the disk counts before what is in the image. */
  locate(env: BootEnv, arch: string, file: string): Located {
    const path = fileOf(env, file);
    if (isUrl(path) || this.#isThere(path)) return { at: path };
    const need = isoOf(env, arch);
    const place = join(this.#places.directory, path);
    const { isos } = this.#places;
    if (!need || !isos) {
      const from = architectureOf(env, arch)?.isoUrl || env.os.isoUrl;
      return { missing: `is not there, as ${place}${from === '' ? '' : `: put it there, out of ${from}`}` };
    }
    const inside = path.slice(`bootenvs/${env.name}/`.length);
    const found = isos.findNow(need.iso, inside);
    if (!('refused' in found)) return { at: `${ISOS}/${need.iso}/${inside}` };
    return {
      missing: `is neither there, as ${place}, nor in the image ${need.iso}: ${found.sentence.replace(/\.$/, '')}`,
    };
  }

  /** Why a machine of this processor cannot boot an environment as it is: nothing to boot, or files that are not there. */
  unusable(env: BootEnv, { arch, because }: Processor, hasScript: HasScript): string[] {
    if (OWN.has(env.name)) return [];
    const archs = Object.keys(env.os.supportedArchitectures);
    if (archs.length > 0 && !architectureOf(env, arch) && env.kernel === '')
      return [
        `boot environment ${env.name} is for ${archs.join(', ')}, and the machine is ${arch}${because ? `, ${because}` : ''}`,
      ];
    const { kernel, initrds } = bootOf(env, arch);
    if (kernel === '' && !hasScript(env))
      return [`boot environment ${env.name} has neither a kernel nor a template for iPXE`];
    const files = [{ what: 'kernel', file: kernel }, ...initrds.map((file) => ({ what: 'initrd', file }))].filter(
      ({ file }) => file !== '' && !isUrl(file),
    );
    const need = isoOf(env, arch);
    // What was taken out of the image by hand needs no image.
    const isUnpacked = files.every(({ file }) => this.#isThere(fileOf(env, file))) && this.#isThere(fileOf(env, ''));
    const refusal = need && !isUnpacked ? this.#places.isos?.refusalNow(need) : undefined;
    if (refusal !== undefined) return [`boot environment ${env.name} cannot be used: ${refusal}`];
    return files.flatMap(({ what, file }) => {
      const located = this.locate(env, arch, file);
      return 'missing' in located ? [`the ${what} of boot environment ${env.name} ${located.missing}`] : [];
    });
  }

  /** Resolves when the checksum of the image for an architecture is known, and is compared from then on. */
  async verified(env: BootEnv, arch: string): Promise<void> {
    const need = OWN.has(env.name) ? undefined : isoOf(env, arch);
    if (need) await this.#places.isos?.verify(need);
  }

  #isThere(path: string): boolean {
    return (this.#places.exists ?? existsSync)(join(this.#places.directory, path));
  }
}

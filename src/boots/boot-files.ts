/** Where the files that machines boot from are: the OSIE beside the executable, the loaders inside it, the executable itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TinsmithError } from '../errors.ts';
import { fileSegment, type Segment } from '../http/files/index.ts';
import { osieInitrd, workerArchive } from './files/index.ts';
import { LOADERS, type Loader } from './loaders.ts';

/** Boot loaders by name. */
export type Loaders = Pick<ReadonlyMap<string, Buffer>, 'get' | 'keys'>;

export interface BootFiles {
  /** Loaders by name, in memory once they were asked for: TFTP sends them in lock step. */
  loaders: Loaders;
  /** @throws TinsmithError UNAVAILABLE when there is no OSIE. */
  kernel(): Promise<Segment[]>;
  /** The OSIE alone, which fetches the worker itself. @throws TinsmithError UNAVAILABLE */
  system(): Promise<Segment[]>;
  /** OSIE and worker in one. @throws TinsmithError UNAVAILABLE */
  initrd(): Promise<Segment[]>;
  /** The worker alone, as a cpio archive. */
  worker(): Promise<Segment[]>;
  /** Why no machine can boot the OSIE, or undefined when one can. */
  missing(): string | undefined;
}

/** In Node's words. */
const OSIE_ARCHITECTURE = 'x64';

export function bootFiles(options: {
  osieDirectory: string;
  executable: string | undefined;
  loader: (name: Loader) => Buffer | undefined;
}): BootFiles {
  const { osieDirectory } = options;
  const kernel = join(osieDirectory, 'vmlinuz');
  const initrd = join(osieDirectory, 'initrd.img');
  const missing = (): string | undefined => {
    const absent = [kernel, initrd].filter((path) => !existsSync(path));
    if (absent.length > 0) return `${absent.join(' and ')} ${absent.length > 1 ? 'are' : 'is'} not there`;
    if (options.executable === undefined)
      return 'this is not the packaged executable, which is the worker of the machines';
    return process.arch === OSIE_ARCHITECTURE
      ? undefined
      : `this executable is for ${process.arch}, and as a worker it cannot run in the OSIE, which is for ${OSIE_ARCHITECTURE}`;
  };
  const present = (): string => {
    const why = missing();
    if (why === undefined && options.executable !== undefined) return options.executable;
    throw new TinsmithError('UNAVAILABLE', `There is no OSIE to boot: ${why}.`, {
      next: 'Build it with `npm run build:osie`, or name its directory with --osie.',
    });
  };
  return {
    loaders: loadersRead(options.loader),
    missing,
    async kernel() {
      present();
      return [await fileSegment(kernel)];
    },
    async system() {
      present();
      return [await fileSegment(initrd)];
    },
    async initrd() {
      return osieInitrd({ initrd, executable: present() });
    },
    async worker() {
      return workerArchive(present());
    },
  };
}

/** @param read reads one, or says that it is not there; called once for each */
function loadersRead(read: (name: Loader) => Buffer | undefined): Loaders {
  const known = new Map<Loader, Buffer | undefined>();
  const get = (name: string): Buffer | undefined => {
    const loader = LOADERS.find((each) => each === name);
    if (loader === undefined) return undefined;
    if (!known.has(loader)) known.set(loader, read(loader));
    return known.get(loader);
  };
  return {
    get,
    keys() {
      return LOADERS.filter((name) => get(name) !== undefined).values();
    },
  };
}

/** Container images for workers without Internet: those that were loaded, and the built-in actions. */
import type { Sending } from '../http/files/index.ts';
import { type Builtins, builtinOf } from './builtin.ts';
import { distribution, type Served, type Shelf } from './distribution.ts';
import type { Images, StoredImage } from './images.ts';
import { formatReference, parseReference, pathOfRepository } from './reference.ts';

export {
  BUILTIN_ACTIONS,
  type BuiltinAction,
  type BuiltinOptions,
  type Builtins,
  builtinOf,
  openBuiltins,
} from './builtin.ts';
export { type Images, type LoadOptions, type LoadProgress, openImages, type StoredImage } from './images.ts';
export { formatReference, parseReference, type Reference } from './reference.ts';

export interface Registry {
  /**
   * What to send for a request below `/v2` (`path` with or without its query), in Docker's and OCI's distribution
   * protocol; undefined for any other path.
   */
  handle(method: string, path: string, accept: string): Sending | undefined;
  /** Whether a worker can pull this image, named as in a template, from here. False for what is no image name. */
  resolves(reference: string): boolean;
  /**
   * The name by which a worker pulls it from here: `192.168.1.1:8080/docker.io/library/busybox:1`, and whether it is
   * a built-in action without the executable, which the worker mounts. `host` has our port.
   */
  pull(reference: string, host: string): { name: string; mountsExecutable: boolean };
}

/** The tag under which a built-in action has its tools only. */
const TOOLS_TAG = 'tools';

/** The registry over these images, and the built-in ones where there are any; a loaded image goes before a built-in one of the same name. */
export function createRegistry({ images, builtins }: { images: Images; builtins?: Builtins }): Registry {
  const stored = (repository: string): StoredImage[] =>
    images.list().filter((image) => image.repository === repository);

  const storedFor = (repository: string, asked: string): StoredImage | undefined =>
    stored(repository).find(({ tag, digest }) => asked === tag || asked === digest);

  const storedPart = (repository: string, digest: string, kind: Served['kind']): Served | undefined => {
    for (const { parts } of stored(repository)) {
      const part = parts.get(digest);
      if (part?.kind === kind) return { kind, digest, mediaType: part.mediaType, segments: [part.segment] };
    }
    return undefined;
  };

  const shelf: Shelf = {
    repositories: () => [...new Set(images.list().map(({ repository }) => repository))].sort(),

    tags(repository) {
      const tags = stored(repository).map(({ tag }) => tag);
      if (tags.length === 0)
        return builtins === undefined || builtinOf(repository) === undefined ? undefined : ['latest'];
      return tags.sort();
    },

    manifest(repository, asked) {
      const action = builtinOf(repository);
      const builtin = action === undefined ? undefined : builtins?.manifest(action);
      const tools = action === undefined ? undefined : builtins?.toolsManifest(action);
      if (asked.startsWith('sha256:')) {
        return (
          storedPart(repository, asked, 'manifest') ?? [builtin, tools].find((manifest) => manifest?.digest === asked)
        );
      }
      const image = storedFor(repository, asked);
      if (image !== undefined) return storedPart(repository, image.digest, 'manifest');
      return asked === TOOLS_TAG ? tools : builtin;
    },

    blob(repository, digest) {
      const found = storedPart(repository, digest, 'blob');
      return found ?? (builtinOf(repository) === undefined ? undefined : builtins?.blob(digest));
    },
  };

  return {
    handle: (method, path, accept) => distribution(shelf, method, path, accept),

    resolves(text) {
      try {
        const { repository, tag, digest } = parseReference(text);
        return shelf.manifest(repository, digest ?? tag ?? 'latest') !== undefined;
      } catch {
        return false;
      }
    },

    pull(text, host) {
      const { repository, tag, digest } = parseReference(text);
      const path = pathOfRepository(repository);
      const isBuiltin =
        builtinOf(repository) !== undefined && storedFor(repository, digest ?? tag ?? 'latest') === undefined;
      const name = isBuiltin
        ? { repository: path, tag: TOOLS_TAG }
        : { repository: path, tag: digest === undefined ? tag : undefined, digest };
      return { name: `${host}/${formatReference(name)}`, mountsExecutable: isBuiltin };
    },
  };
}

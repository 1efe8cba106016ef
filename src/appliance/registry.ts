/** The registry of this appliance: what was loaded, and the built-in actions made of this executable. */
import { join } from 'node:path';
import { readEmbeddedIfThere } from '../executable/embedded.ts';
import {
  type Builtins,
  createRegistry,
  type Images,
  openBuiltins,
  openImages,
  type Registry,
} from '../registry/index.ts';

/** @param executable the packaged executable; without one there are no built-in actions. */
export async function openRegistry(
  dataDirectory: string,
  executable: string | undefined,
): Promise<{ images: Images; builtins: Builtins | undefined; registry: Registry }> {
  const images = await openImages(join(dataDirectory, 'images'));
  const tools = readEmbeddedIfThere('actions-tools.tar.gz');
  const builtins =
    executable && tools
      ? await openBuiltins({
          executable,
          tools,
          directory: join(dataDirectory, 'builtin-images'),
          architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        })
      : undefined;
  return { images, builtins, registry: createRegistry({ images, builtins }) };
}

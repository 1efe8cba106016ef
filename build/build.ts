/**
 * `npm run build`: everything that is shipped, in `dist/`: the executables, the OSIE, and the images that the lab
 * installs. `npm run build -- osie` makes one part: `executable`, `osie`, `images`, `notices`, `loaders`, `tools`.
 */
import { type Architecture, buildExecutable } from './executable/build.ts';
import { buildImages } from './image/build.ts';
import { buildLoaders } from './loaders.ts';
import { buildNotices } from './notices.ts';
import { buildOsie } from './osie/build.ts';
import { buildToolsLayer } from './tools-layer.ts';

const ARCHITECTURES: Architecture[] = ['x64', 'arm64'];

/** Builds the executable for these architectures, with what is embedded in it. */
export async function buildExecutables(architectures: readonly Architecture[]): Promise<void> {
  const { folder: loaders } = await buildLoaders();
  const toolsLayer = await buildToolsLayer();
  for (const architecture of architectures) await buildExecutable(architecture, { loaders, toolsLayer });
}

/** Builds what the lab needs, for this machine. */
export async function buildForLab(): Promise<void> {
  await buildExecutables([process.arch as Architecture]);
  await buildOsie();
  await buildImages();
}

const PARTS: Record<string, () => Promise<unknown>> = {
  executable: () => buildExecutables(ARCHITECTURES),
  osie: () => buildOsie(),
  images: () => buildImages(),
  loaders: () => buildLoaders(),
  notices: () => buildNotices(),
  tools: () => buildToolsLayer(),
};

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((part) => !(part in PARTS));
  if (unknown.length > 0) {
    console.error(`There is no part ${unknown.join(', ')} to build; there are ${Object.keys(PARTS).join(', ')}.`);
    process.exit(64);
  }
  for (const part of wanted.length > 0 ? wanted : ['executable', 'osie', 'images', 'notices']) await PARTS[part]?.();
}

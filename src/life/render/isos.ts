/** The ISO images that boot environments are installed from. */
import type { IsoNeed } from '../../boots/iso/index.ts';
import type { BootEnv } from '../../content/objects.ts';
import { architectureOf } from './boot-env.ts';

/** The image for one architecture; undefined: the environment names none. */
export function isoOf(env: BootEnv, arch: string): IsoNeed | undefined {
  const { os, name: environment } = env;
  const own = architectureOf(env, arch);
  if (own && own.isoFile !== '' && own.isoFile !== os.isoFile)
    return { environment, iso: own.isoFile, sha256: own.sha256, url: own.isoUrl };
  if (os.isoFile === '') return undefined;
  return { environment, iso: os.isoFile, sha256: own?.sha256 || os.isoSha256, url: own?.isoUrl || os.isoUrl };
}

/** All images of an environment, that of the architecture first. */
export function isosOf(env: BootEnv, arch: string): IsoNeed[] {
  const all = [arch, ...Object.keys(env.os.supportedArchitectures), ''].flatMap((each) => isoOf(env, each) ?? []);
  return all.filter(({ iso }, index) => all.findIndex((other) => other.iso === iso) === index);
}

/** What all environments name. */
export function isoNeeds(environments: Iterable<BootEnv>): IsoNeed[] {
  return [...environments].flatMap((env) => isosOf(env, ''));
}

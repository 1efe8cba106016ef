import { posix } from 'node:path';
import type { BootEnv } from '../../content/objects.ts';
import { FunctionFault, fixed, type Spend, stringArgument } from '../../workflows/template/gotemplate/index.ts';
import { plainArch } from '../processors.ts';
import { archOf } from './context.ts';
import type { Rendering } from './rendering.ts';
import { installRepos } from './repositories.ts';
import { described, Struct } from './struct.ts';

/** Families of systems by the names of their members. */
const FAMILY_TYPES: Readonly<Record<string, string>> = {
  centos: 'rhel',
  redhat: 'rhel',
  fedora: 'rhel',
  scientificlinux: 'rhel',
  rocky: 'rhel',
  almalinux: 'rhel',
  oraclelinux: 'rhel',
  ubuntu: 'debian',
};

/** What an environment has for one architecture, by whichever of its names. */
export function architectureOf(
  env: BootEnv,
  arch: string,
): BootEnv['os']['supportedArchitectures'][string] | undefined {
  const all = Object.entries(env.os.supportedArchitectures);
  return all.find(([name]) => plainArch(name) === plainArch(arch))?.[1];
}

/** What an environment boots on one architecture. */
export function bootOf(env: BootEnv, arch: string): { kernel: string; initrds: readonly string[]; bootParams: string } {
  const own = architectureOf(env, arch);
  return {
    kernel: own?.kernel || env.kernel,
    initrds: own && own.initrds.length > 0 ? own.initrds : env.initrds,
    bootParams: own?.bootParams || env.bootParams,
  };
}

/** Where a file of an environment is, below the server's files: `bootenvs/<name>/<file>`. A URL is where it is. */
export function fileOf(env: Pick<BootEnv, 'name'>, file: string): string {
  if (isUrl(file)) return file;
  // From the root, so that no `..` leads out of the environment's own files.
  return posix.join('bootenvs', env.name, posix.normalize(`/${file}`)).replace(/\/$/, '');
}

/** `.Env` */
export function bootEnvOf(rendering: Rendering, env: BootEnv): Struct {
  const { server } = rendering.context;
  const arch = archOf(rendering.context);
  const pathFor = (protocol: string, file: string): string => {
    const path = fileOf(env, file);
    switch (protocol) {
      case 'http':
        return isUrl(path) ? path : `${server.url}/${encodeURI(path)}`;
      case 'tftp':
        return path;
      default:
        throw new FunctionFault(`files are had by "http" or "tftp", not "${protocol}"`);
    }
  };
  const joined = (protocol: string, of: string): string =>
    bootOf(env, of)
      .initrds.map((file) => pathFor(protocol, file))
      .join(' ');
  const installUrl = fixed(0, () => {
    const url = installRepos(rendering, undefined)[0]?.url;
    return url ?? pathFor('http', '');
  });
  return new Struct('BootEnv', env.name, {
    ...described(env),
    OS: () => osOf(env),
    OnlyUnknown: () => env.onlyUnknown,
    Kernel: () => bootOf(env, arch).kernel,
    KernelFor: fixed(1, ([of]) => bootOf(env, architecture(of)).kernel),
    Initrds: () => [...bootOf(env, arch).initrds],
    InitrdsFor: fixed(1, ([of]) => [...bootOf(env, architecture(of)).initrds]),
    BootParams: fixed(0, (_, spend) => bootParamsFor(rendering, arch, spend)),
    BootParamsFor: fixed(1, ([of], spend) => bootParamsFor(rendering, architecture(of), spend)),
    PathFor: fixed(2, ([protocol, file]) => pathFor(word(protocol), stringArgument(file, 'the file'))),
    PathForArch: fixed(3, ([protocol, file]) => pathFor(word(protocol), stringArgument(file, 'the file'))),
    JoinInitrds: fixed(1, ([protocol]) => joined(word(protocol), arch)),
    JoinInitrdsFor: fixed(2, ([protocol, of]) => joined(word(protocol), architecture(of))),
    InstallUrl: installUrl,
    InstallURL: installUrl,
  });
}

/** Kernel arguments, filled in. @throws FunctionFault where nothing says which environment */
export function bootParamsFor(rendering: Rendering, arch: string, spend: Spend): string {
  const { bootEnv } = rendering.context;
  if (bootEnv === undefined)
    throw new FunctionFault('.BootParams: it is not known which environment the machine is in', true);
  return rendering.within(bootOf(bootEnv, arch).bootParams, `boot params of environment "${bootEnv.name}"`, spend);
}

/** `.Env.OS`; where family and version are not given, the name has them, as in `debian-12`. */
function osOf({ os }: BootEnv): Struct {
  const dash = os.name.indexOf('-');
  const family = os.family || (dash < 0 ? os.name : os.name.slice(0, dash));
  const version = os.version || (dash < 0 ? '' : os.name.slice(dash + 1));
  return new Struct('OsInfo', os.name, {
    Name: () => os.name,
    Family: () => os.family,
    Version: () => os.version,
    Codename: () => os.codename,
    IsoFile: () => os.isoFile,
    IsoSha256: () => os.isoSha256,
    IsoUrl: () => os.isoUrl,
    FamilyName: () => family,
    FamilyVersion: () => version,
    FamilyType: () => FAMILY_TYPES[family] ?? family,
    VersionEq: fixed(1, ([test]) => isVersion(version, stringArgument(test, 'the version'))),
  });
}

/** Whether `version` begins with all the numbers of `test`: 7.9 is 7. */
function isVersion(version: string, test: string): boolean {
  const parts = version.split('.');
  return test.split('.').every((part, index) => parts[index] !== undefined && Number(parts[index]) === Number(part));
}

/** Whether a file is not one of ours. */
export const isUrl = (file: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(file);
const word = (value: Parameters<typeof stringArgument>[0]): string => stringArgument(value, 'the protocol');
const architecture = (value: Parameters<typeof stringArgument>[0]): string => stringArgument(value, 'the architecture');

/**
 * Package repositories, from the param `package-repositories` (Digital Rebar's doc/arch/data.rst): for package managers,
 * and for the installers of the families that use apt and yum.
 */
import { z } from 'zod';
import { FunctionFault, fixed, stringArgument, type Value } from '../../workflows/template/gotemplate/index.ts';
import { archOf } from './context.ts';
import type { Rendering } from './rendering.ts';
import { Struct } from './struct.ts';
import { urlPart } from './values.ts';

const PARAM = 'package-repositories';

const repository = z.looseObject({
  tag: z.string().default(''),
  os: z.array(z.string()).default([]),
  arch: z.string().default(''),
  url: z.string().default(''),
  packageType: z.string().default(''),
  repoType: z.string().default(''),
  installSource: z.boolean().default(false),
  securitySource: z.boolean().default(false),
  distribution: z.string().default(''),
  components: z.array(z.string()).default([]),
});
type Repository = z.infer<typeof repository>;

/** A repository as templates see it. */
export class Repo extends Struct {
  readonly url: string;

  constructor(rendering: Rendering, dot: Value, of: Repository, target: string) {
    super('Repo', of.tag, {
      Tag: () => of.tag,
      OS: () => of.os,
      Arch: () => of.arch,
      URL: () => of.url,
      PackageType: () => of.packageType,
      RepoType: () => of.repoType,
      InstallSource: () => of.installSource,
      SecuritySource: () => of.securitySource,
      Distribution: () => of.distribution,
      Components: () => of.components,
      JoinedComponents: () => of.components.join(' '),
      R: () => dot,
      Target: () => target,
      UrlFor: fixed(1, ([component]) => urlFor(of, target, stringArgument(component, 'the component'))),
      Lines: () => lines(of, target),
      Install: () => install(rendering, of, target),
    });
    this.url = of.url;
  }
}

/** `.Repos "tag" …`: those with one of the tags. */
export function repos(rendering: Rendering, dot: Value, tags: readonly string[]): Repo[] {
  return repositoriesOf(rendering)
    .filter(({ tag }) => tags.includes(tag))
    .map((each) => new Repo(rendering, dot, each, ''));
}

/** `.MachineRepos`: those for the system of the environment, and the machine's architecture. */
export function machineRepos(rendering: Rendering, dot: Value): Repo[] {
  const os = osOf(rendering);
  return ofMachine(rendering).map((each) => new Repo(rendering, dot, each, os));
}

/** `.InstallRepos`: the one to install from, and the first of security updates. None without the former. */
export function installRepos(rendering: Rendering, dot: Value | undefined): Repo[] {
  const all = ofMachine(rendering);
  const source = all.find(({ installSource }) => installSource);
  const updates = all.find(({ securitySource }) => securitySource);
  const os = osOf(rendering);
  if (source === undefined) return [];
  return [source, ...(updates ? [updates] : [])].map((each) => new Repo(rendering, dot ?? null, each, os));
}

const osOf = ({ context }: Rendering): string => context.bootEnv?.os.name ?? '';

function ofMachine(rendering: Rendering): Repository[] {
  const os = osOf(rendering);
  const arch = archOf(rendering.context);
  return repositoriesOf(rendering).filter((each) => {
    const fits = each.arch === '' || each.arch === arch || (each.arch === 'any' && !each.installSource);
    return fits && each.os.includes(os);
  });
}

function repositoriesOf({ params }: Rendering): Repository[] {
  if (!params.has(PARAM)) return [];
  const read = z.array(repository).safeParse(params.read(PARAM, `.Param "${PARAM}"`));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new FunctionFault(`the param "${PARAM}" is not usable: ${issue?.path.join('.')}: ${issue?.message}`, true);
}

/** What manages packages there, by the system's name. */
function styleOf({ repoType }: Repository, target: string): string {
  if (repoType !== '') return repoType;
  const [family = ''] = target.split('-');
  if (['redhat', 'rhel', 'centos', 'scientificlinux', 'rocky', 'almalinux', 'fedora'].includes(family)) return 'yum';
  if (['debian', 'ubuntu'].includes(family)) return 'apt';
  return family;
}

/** Mirrors of CentOS and Scientific Linux have a folder for each component. */
function urlFor({ installSource, distribution, url }: Repository, target: string, component: string): string {
  if (installSource || distribution === '' || component === '') return url;
  const [family] = target.split('-');
  if (family === 'centos') return `${url}/${distribution}/${component}/$basearch`;
  if (family === 'scientificlinux') return `${url}/${distribution}/$basearch/${component}`;
  return url;
}

/** For a package manager's list of repositories. */
function lines(of: Repository, target: string): string {
  switch (styleOf(of, target)) {
    case 'apt':
      return `deb ${of.url} ${of.distribution} ${of.components.join(' ')}\n`;
    case 'yum': {
      const section = (id: string, name: string, url: string): string =>
        `\n[${id}]\nname=${name}\nbaseurl=${url}\ngpgcheck=0\n`;
      if (of.components.length === 0) return section(of.tag, `${target} - ${of.tag}`, urlFor(of, target, ''));
      return of.components
        .map((each) => section(`${of.tag}-${each}`, `${of.tag} - ${each}`, urlFor(of, target, each)))
        .join('');
    }
    default:
      throw unknownStyle(target);
  }
}

/** For an installer's answers: kickstart, or preseed. */
function install(rendering: Rendering, of: Repository, target: string): string {
  switch (styleOf(of, target)) {
    case 'apt': {
      const part = (segment: string): string => urlPart(segment, of.url, () => {});
      if (of.installSource) {
        return [
          `d-i mirror/protocol string ${part('scheme')}`,
          `d-i mirror/http/hostname string ${part('host')}`,
          `d-i mirror/http/directory string ${part('path')}`,
          '',
        ].join('\n');
      }
      const path = part('path');
      const host = `d-i apt-setup/security_host string ${part('host')}\n`;
      return target.startsWith('debian') ? host : `${host}d-i apt-setup/security_path string ${path}\n`;
    }
    case 'yum': {
      const proxy = proxyOf(rendering);
      const line = (id: string, url: string, cost: number): string =>
        `repo --name="${id}" --baseurl=${url} --cost=${cost}${proxy === '' ? '' : ` --proxy="${proxy}"`}\n`;
      if (of.installSource) return `install\nurl --url ${of.url}\n${line(of.tag, of.url, 100)}`;
      if (of.components.length === 0) return line(of.tag, of.url, 200);
      return of.components.map((each) => line(`${of.tag}-${each}`, urlFor(of, target, each), 200)).join('');
    }
    default:
      throw unknownStyle(target);
  }
}

/** The first of the param `proxy-servers`: a URL, or a map with one. */
function proxyOf({ params }: Rendering): string {
  if (!params.has('proxy-servers')) return '';
  const proxies = params.read('proxy-servers', '.Param "proxy-servers"');
  const first: unknown = Array.isArray(proxies) ? proxies[0] : undefined;
  if (typeof first === 'string') return first;
  const url = typeof first === 'object' && first !== null ? (first as { url?: unknown }).url : undefined;
  return typeof url === 'string' ? url : '';
}

function unknownStyle(target: string): FunctionFault {
  return new FunctionFault(`it is not known how the system "${target}" lists repositories; set the repoType`);
}

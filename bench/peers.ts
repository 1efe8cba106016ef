/** The programs that are measured beside ours, and those that measure. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../build/command.ts';
import { installPackages } from '../build/debian.ts';
import { CACHE, progress } from '../build/step.ts';
import { LAB_PACKAGES } from '../src/lab/preflight.ts';
import type { Suite } from './arguments.ts';

const PEERS: Record<Suite, string[]> = {
  boots: ['dnsmasq-base', 'kea-dhcp4-server', 'nginx-light', 'tftpd-hpa'],
  workflows: ['golang-go'],
  machines: [],
};
/** perfdhcp is in kea-admin. */
const TOOLS: Record<Suite, string[]> = {
  boots: ['gcc', 'iproute2', 'kea-admin', 'libc6-dev', ...LAB_PACKAGES],
  workflows: ['gcc', 'libc6-dev'],
  machines: ['gcc', 'libc6-dev'],
};
/** Debian lets only one of two TFTP servers be installed, so this one is only unpacked. */
const UNPACKED = 'atftpd';

/** What `preparePeers` found: the Debian version of each peer, and folders with programs beside those of the PATH. */
export type Peers = { versions: Record<string, string>; folders: string[] };

/**
 * Installs and unpacks what is missing.
 *
 * @throws TinsmithError INTERNAL, where apt fails
 */
export async function preparePeers(suite: Suite): Promise<Peers> {
  await installPackages([...PEERS[suite], ...TOOLS[suite]]);
  // Asked about none, it would show all.
  if (PEERS[suite].length === 0) return { versions: {}, folders: [] };
  const installed = await run('dpkg-query', ['--show', ...PEERS[suite]]);
  const versions = Object.fromEntries(
    installed
      .trim()
      .split('\n')
      .map((line) => line.split('\t')),
  );
  if (suite !== 'boots') return { versions, folders: [] };
  const folder = join(CACHE, 'bench', UNPACKED);
  await unpack(UNPACKED, folder);
  return {
    versions: { ...versions, [UNPACKED]: versionOf(debIn(folder) ?? '') },
    folders: [join(folder, 'usr', 'sbin')],
  };
}

async function unpack(name: string, folder: string): Promise<void> {
  if (existsSync(join(folder, 'usr', 'sbin', name))) return;
  progress('bench', `unpacking ${name}`);
  rmSync(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: folder });
  await run('dpkg-deb', ['--extract', debIn(folder) ?? '', '.'], { cwd: folder });
}

function debIn(folder: string): string | undefined {
  return readdirSync(folder).find((name) => name.endsWith('.deb'));
}

/** Version in a .deb's file name, `atftpd_0.8.0-3_amd64.deb`, where apt writes an epoch's colon as %3a. */
function versionOf(deb: string): string {
  return decodeURIComponent(deb.split('_')[1] ?? '');
}

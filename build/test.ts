/**
 * `npm test`: sets up what the tests need, then checks types and format, and runs all tests: first those of the parts and
 * with real peers, then the virtual machines, two at a time. `npm test -- test/store` runs what is below one path.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { ARM64_LAB_PACKAGES, LAB_PACKAGES } from '../src/lab/preflight.ts';
import { buildArm64System } from './arm64-system.ts';
import { buildForLab } from './build.ts';
import { installPackages } from './debian.ts';

/** Programs that the tests meet as peers, and what they are started with. */
const PEER_PACKAGES = [
  'atftp',
  'bsdutils',
  'busybox-static',
  'bzip2',
  'cpio',
  'curl',
  'dhcpcd-base',
  'docker.io',
  'dosfstools',
  'gdisk',
  'genisoimage',
  'golang-github-masterminds-sprig-dev',
  'golang-go',
  'grub-common',
  'isc-dhcp-client',
  'isc-dhcp-relay',
  'isc-dhcp-server',
  'kea-dhcp4-server',
  'libarchive-tools',
  'mtools',
  'nftables',
  'openssl',
  'protobuf-compiler',
  'python3-grpcio',
  'python3-protobuf',
  'syslinux-common',
  'syslinux-efi',
  'tcpdump',
  'tftp-hpa',
  'udhcpc',
  'xorriso',
  'xz-utils',
];

function run(title: string, program: string, args: readonly string[], timeout?: number): boolean {
  console.log(`\n== ${title}`);
  return spawnSync(program, args, { stdio: 'inherit', timeout }).status === 0;
}

/** Test files below paths (files or folders). */
function testsBelow(paths: readonly string[]): string[] {
  return paths.flatMap((path) => (path.endsWith('.ts') ? [path] : globSync(`${path}/**/*.test.ts`))).sort();
}

await installPackages([...PEER_PACKAGES, ...LAB_PACKAGES, ...ARM64_LAB_PACKAGES]);
await buildForLab();
await buildArm64System();
const asked = process.argv.slice(2);
const all = testsBelow(asked.length > 0 ? asked : ['test']);
const lab = all.filter((file) => file.startsWith('test/lab/'));
const pairs = lab.filter((file) => file.startsWith('test/lab/pairs/'));
const single = lab.filter((file) => !pairs.includes(file));
const parts = all.filter((file) => !lab.includes(file));
const missing = all.filter((file) => !existsSync(file));
if (missing.length > 0 || all.length === 0) {
  console.error(`There is no test at ${(missing.length > 0 ? missing : asked).join(', ')}.`);
  process.exit(64);
}

/** A test that would wait for ever fails; long enough for a computer that has much else to do. */
const LIMIT = '--test-timeout=1200000';
/** What a failed test leaves open may keep its file from ending: the runner is told to say then what there is to say. ms */
const FILES_LIMIT = 40 * 60_000;
const tests = (title: string, files: readonly string[], concurrency: number): boolean =>
  files.length === 0 ||
  run(title, process.execPath, ['--test', LIMIT, `--test-concurrency=${concurrency}`, ...files], FILES_LIMIT);
const results = [
  asked.length > 0 || run('types', 'node_modules/.bin/tsc', ['-p', '.']),
  asked.length > 0 || run('format and lint', 'node_modules/.bin/biome', ['ci', '--error-on-warnings']),
  tests('parts and peers', parts, 2),
  // Two virtual machines at once are what two cores can emulate in time.
  tests('lab', single, 2),
  tests('lab, in pairs', pairs, 1),
];
process.exitCode = results.every(Boolean) ? 0 : 1;

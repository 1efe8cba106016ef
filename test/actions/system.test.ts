/** The actions on installed systems: a directory stands for the mounted file system, and programs are only noted. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { commandsOf, splitCommands } from '../../src/actions/command-line.ts';
import { firstBootEntry } from '../../src/actions/grub.ts';
import { mustExist, resolveInside } from '../../src/actions/inside.ts';
import { host, perform, temporary } from './stage.ts';

const OWNER = { UID: String(process.getuid?.() ?? 0), GID: String(process.getgid?.() ?? 0) };

function system(t: TestContext): string {
  const root = join(temporary(t), 'root');
  for (const directory of ['etc', 'dev', 'proc', 'sys', 'boot/grub'])
    mkdirSync(join(root, directory), { recursive: true });
  return root;
}

test('paths stay inside the mounted system, through every link', async (t) => {
  const root = system(t);
  const outside = join(root, '..', 'outside');
  mkdirSync(outside);
  symlinkSync('/etc', join(root, 'absolute'));
  symlinkSync('../../../../etc', join(root, 'climbing'));
  symlinkSync(outside, join(root, 'escape'));
  symlinkSync('circle', join(root, 'circle'));
  symlinkSync('/etc/target', join(root, 'etc/link'));
  const made: string[] = [];
  const resolve = async (path: string): Promise<string> =>
    (await resolveInside(root, path, async (directory) => void made.push(directory.slice(root.length)))).slice(
      root.length,
    );
  assert.equal(await resolve('/etc/a'), '/etc/a');
  assert.equal(await resolve('/absolute/a'), '/etc/a');
  assert.equal(await resolve('//climbing/./a/'), '/etc/a');
  assert.equal(await resolve('/etc/link'), '/etc/target');
  assert.equal(await resolve('/'), '');
  assert.deepEqual(made, []);
  const escaped = await resolve('/escape/file');
  assert.equal(escaped, `${outside}/file`, 'the link means a path in the system');
  assert.ok(made.length > 0 && made.every((directory) => `${escaped}/`.startsWith(`${directory}/`)));
  await assert.rejects(resolve('/circle/a'), /circle/);
  writeFileSync(join(root, 'etc/file'), '');
  await assert.rejects(resolve('/etc/file/a'), /\/etc\/file is not a directory/);
  await assert.rejects(resolveInside(root, '/none/a', mustExist), /does not exist/);
});

test('writefile writes the file with its owner and modes, and makes directories', async (t) => {
  const root = system(t);
  const machine = host({ mountPoint: root });
  const variables = { DEST_DISK: '/dev/vda1', FS_TYPE: 'ext4', MODE: '0640', DIRMODE: '0710', ...OWNER };
  const path = '/etc/netplan/deep/config.yaml';
  const { code, err, out } = await perform('writefile', { ...variables, DEST_PATH: path, CONTENTS: 'a: 1\n' }, machine);
  assert.equal(code, 0, err);
  assert.equal(readFileSync(join(root, path), 'utf8'), 'a: 1\n');
  assert.equal(statSync(join(root, path)).mode & 0o7777, 0o640);
  assert.equal(statSync(join(root, 'etc/netplan')).mode & 0o7777, 0o710);
  assert.match(out, /wrote 5 bytes to \/etc\/netplan\/deep\/config\.yaml on \/dev\/vda1/);
  assert.deepEqual(machine.ran, [
    ['mount', '-t', 'ext4', '/dev/vda1', root],
    ['umount', root],
  ]);
  assert.equal((await perform('writefile', { ...variables, DEST_PATH: path }, machine)).code, 0);
  assert.equal(readFileSync(join(root, path), 'utf8'), '');
});

test('writefile refuses paths that climb, directories and bad variables, and unmounts all the same', async (t) => {
  const root = system(t);
  const machine = host({ mountPoint: root });
  const variables = {
    DEST_DISK: '/dev/vda1',
    FS_TYPE: 'ext4',
    MODE: '644',
    DIRMODE: '755',
    DEST_PATH: '/etc/x',
    ...OWNER,
  };
  const cases: [Record<string, string>, number, RegExp][] = [
    [{ DEST_PATH: '/etc/../../x' }, 64, /DEST_PATH climbs/],
    [{ DEST_PATH: 'etc/x' }, 64, /DEST_PATH is no absolute path/],
    [{ MODE: '9', UID: 'root' }, 64, /UID is no number; MODE is no octal number/],
    [{ FS_TYPE: '-o' }, 64, /FS_TYPE is no type/],
    [{ FS_TYPE: '', GID: '' }, 64, /FS_TYPE, GID must be set/],
    [{ DEST_PATH: '/etc' }, 1, /is a directory/],
    [{ DEST_PATH: '/' }, 1, /is a directory/],
  ];
  for (const [more, exit, message] of cases) {
    machine.ran.length = 0;
    const { code, err } = await perform('writefile', { ...variables, ...more }, machine);
    assert.match(err, message);
    assert.equal(code, exit);
    assert.equal(
      machine.ran.filter(([program]) => program === 'mount').length,
      machine.ran.filter(([p]) => p === 'umount').length,
    );
  }
});

test('a file system that cannot be mounted, or unmounted, is a failure', async (t) => {
  const root = system(t);
  const variables = {
    DEST_DISK: '/dev/vda1',
    FS_TYPE: 'ext4',
    MODE: '644',
    DIRMODE: '755',
    DEST_PATH: '/etc/x',
    ...OWNER,
  };
  const bad = host({
    mountPoint: root,
    programs: (program) => (program === 'mount' ? { code: 32, complaint: 'wrong fs type' } : undefined),
  });
  const refused = await perform('writefile', variables, bad);
  assert.deepEqual([refused.code, refused.err], [1, 'writefile: cannot mount /dev/vda1 as ext4: wrong fs type\n']);
  assert.ok(!existsSync(join(root, 'etc/x')));
  let busy = 2;
  const programs = (program: string) =>
    program === 'umount' && busy-- > 0 ? { code: 1, complaint: 'busy' } : undefined;
  assert.equal((await perform('writefile', variables, host({ mountPoint: root, programs }))).code, 0);
  busy = Number.POSITIVE_INFINITY;
  const stuck = host({ mountPoint: root, programs });
  const held = await perform('writefile', variables, stuck);
  assert.match(held.err, /could not be unmounted: busy/);
  assert.equal(held.code, 1);
  assert.ok(stuck.ran.some((command) => command.join(' ') === `umount -l ${root}`));
});

test('cexec runs the commands in the system, and ends with the code of the one that failed', async (t) => {
  const root = system(t);
  const programs = (program: string, args: readonly string[]) =>
    program === 'chroot' && args.includes('false') ? { code: 7, complaint: '' } : undefined;
  const machine = host({ mountPoint: root, programs });
  const variables = { BLOCK_DEVICE: '/dev/vda1', FS_TYPE: 'ext4' };
  const good = await perform('cexec', { ...variables, CMD_LINE: 'echo "a;b" c; true' }, machine);
  assert.equal(good.code, 0, good.err);
  assert.deepEqual(machine.ran, [
    ['mount', '-t', 'ext4', '/dev/vda1', root],
    ['mount', '-o', 'bind', '/dev', join(root, 'dev')],
    ['mount', '-o', 'bind', '/proc', join(root, 'proc')],
    ['mount', '-o', 'bind', '/sys', join(root, 'sys')],
    ['chroot', root, 'echo', 'a;b', 'c'],
    ['chroot', root, 'true'],
    ['umount', join(root, 'sys')],
    ['umount', join(root, 'proc')],
    ['umount', join(root, 'dev')],
    ['umount', root],
  ]);
  machine.ran.length = 0;
  const bad = await perform('cexec', { ...variables, CMD_LINE: 'false --now; true', CHROOT: 'y' }, machine);
  assert.deepEqual([bad.code, bad.err], [7, 'cexec: the command "false --now" ended with 7\n']);
  assert.ok(!machine.ran.some((command) => command.includes('true')));
  assert.equal(machine.ran.filter(([program]) => program === 'umount').length, 4);
  machine.ran.length = 0;
  const shell = { ...variables, CMD_LINE: 'a && b; c', DEFAULT_INTERPRETER: '/bin/sh -c', CHROOT: 'n' };
  assert.equal((await perform('cexec', shell, machine)).code, 0);
  assert.deepEqual(machine.ran[1], ['/bin/sh', '-c', 'a && b; c']);
});

test('cexec needs a system, a command, and copies the name servers when asked to', async (t) => {
  const variables = { BLOCK_DEVICE: '/dev/vda1', FS_TYPE: 'ext4', CMD_LINE: 'true' };
  const empty = host({ mountPoint: temporary(t) });
  const refused = await perform('cexec', variables, empty);
  assert.match(refused.err, /there is no directory \/dev: the file system is not the root of a system/);
  assert.equal(empty.ran.at(-1)?.[0], 'umount');
  assert.equal((await perform('cexec', { ...variables, CMD_LINE: ' ; ' }, empty)).code, 64);
  assert.equal((await perform('cexec', { ...variables, CMD_LINE: 'echo "' }, empty)).code, 64);
  const root = system(t);
  symlinkSync('/run/resolv/stub.conf', join(root, 'etc/resolv.conf'));
  const { code, err } = await perform(
    'cexec',
    { ...variables, UPDATE_RESOLV_CONF: 'true' },
    host({ mountPoint: root }),
  );
  assert.equal(code, 0, err);
  assert.equal(readFileSync(join(root, 'run/resolv/stub.conf'), 'utf8'), readFileSync('/etc/resolv.conf', 'utf8'));
});

test('command lines are split as a shell would, without expanding anything', () => {
  const cases: [string, string[][]][] = [
    ['', []],
    [' ;; ', []],
    ['a b;c', [['a', 'b'], ['c']]],
    [`a 'b ; "c' "d 'e"f`, [['a', 'b ; "c', "d 'ef"]]],
    ['a "" \'\'', [['a', '', '']]],
    ['a\\ b \\; "\\"\\\\\\n$x"', [['a b', ';', '"\\\\n$x']]],
    ["'a\\b'", [['a\\b']]],
    ['a\tb\nc', [['a', 'b', 'c']]],
  ];
  for (const [line, commands] of cases) assert.deepEqual(splitCommands(line), commands, line);
  for (const line of ['"', "'", 'a\\', '"\\"']) assert.throws(() => splitCommands(line), { exit: 64 });
  const word = fc.string({ maxLength: 10 }).filter((text) => !text.includes("'"));
  fc.assert(
    fc.property(fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { maxLength: 4 }), (commands) => {
      const line = commands.map((words) => words.map((text) => `'${text}'`).join(' ')).join(' ; ');
      assert.deepEqual(splitCommands(line), commands);
    }),
  );
  assert.deepEqual(commandsOf('a; b', '/bin/sh -c'), [['/bin/sh', '-c', 'a; b']]);
});

const GRUB = `
set default=0
menuentry 'Debian' --class debian {
	insmod gzio
	linux	/boot/vmlinuz-6 root=UUID=1 ro \${extra} quiet
	initrd	/boot/ucode.img /boot/initrd.img-6
}
menuentry 'Old' {
	linux /boot/vmlinuz-5 root=UUID=1
	initrd /boot/initrd.img-5
}
`;

test('kexec loads what it is told, or the first entry of the GRUB configuration, unmounts, and jumps', async (t) => {
  const root = system(t);
  for (const name of ['vmlinuz-6', 'ucode.img', 'initrd.img-6', 'k']) writeFileSync(join(root, 'boot', name), name);
  writeFileSync(join(root, 'boot/grub/grub.cfg'), GRUB);
  let initrd = '';
  const machine = host({
    mountPoint: root,
    programs: (_, args) => {
      const path = args.find((option) => option.startsWith('--initrd='))?.slice('--initrd='.length);
      if (path !== undefined) initrd = readFileSync(path, 'utf8');
      return undefined;
    },
  });
  const variables = { BLOCK_DEVICE: '/dev/vda1', FS_TYPE: 'ext4' };
  const told = await perform('kexec', { ...variables, KERNEL_PATH: '/boot/k', CMD_LINE: 'root=/dev/vda1' }, machine);
  assert.deepEqual(
    machine.ran.map((command) => command.join(' ')),
    [
      `mount -t ext4 /dev/vda1 ${root}`,
      `kexec -l ${root}/boot/k --command-line=root=/dev/vda1`,
      `umount ${root}`,
      'kexec -e',
    ],
  );
  assert.match(told.out, /jumping into the new kernel now; this action cannot report its end/);
  assert.match(told.err, /the jump did not happen/, 'coming back is a failure');
  machine.ran.length = 0;
  await perform('kexec', variables, machine);
  assert.equal(
    machine.ran[1]?.slice(0, 4).join(' '),
    `kexec -l ${root}/boot/vmlinuz-6 --command-line=root=UUID=1 ro quiet`,
  );
  assert.equal(initrd, 'ucode.imginitrd.img-6');
  machine.ran.length = 0;
  const missing = await perform('kexec', { ...variables, KERNEL_PATH: '/boot/none' }, machine);
  assert.match(missing.err, /no file \/boot\/none/);
  assert.deepEqual(
    machine.ran.map(([program]) => program),
    ['mount', 'umount'],
  );
});

test('the first boot entry is found, or none', () => {
  assert.deepEqual(firstBootEntry(GRUB), {
    kernel: '/boot/vmlinuz-6',
    initrds: ['/boot/ucode.img', '/boot/initrd.img-6'],
    commandLine: 'root=UUID=1 ro quiet',
  });
  assert.equal(firstBootEntry(''), undefined);
  assert.equal(firstBootEntry('menuentry x {\n linux $kernel root=1\n}'), undefined);
});

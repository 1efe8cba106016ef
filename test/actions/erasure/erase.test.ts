/** A file in place of a disk, and programs in place of its drive's own means. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { ActionFailure, type ActionIo, type Ended } from '../../../src/actions/action.ts';
import { inspectDisk } from '../../../src/actions/disk.ts';
import { eraseSecurely } from '../../../src/actions/erasure/erase.ts';
import type { AtaSecurity, Capabilities } from '../../../src/actions/erasure/means.ts';
import { host, perform, temporary } from '../stage.ts';

const SIZE = 1 << 20;
const CONTENT = Buffer.alloc(SIZE, 'secret of the last tenant ');
const ATA: AtaSecurity = { supported: true, enabled: false, locked: false, frozen: false, enhanced: true };

/** What a program does: how it ends, and what it writes. */
type Program = (args: string[]) => { code?: number; complaint?: string; out?: Buffer | string } | undefined;

/** Erases a file by capabilities and programs, and tells what was called. */
async function erasing(
  t: TestContext,
  capabilities: Partial<Capabilities>,
  programs: Record<string, (file: string) => Program>,
  more: { overwrite?: () => Promise<void>; signal?: AbortSignal } = {},
) {
  const path = join(temporary(t), 'disk');
  writeFileSync(path, CONTENT);
  const ran: string[] = [];
  const machine = host({
    async run(program, args, output): Promise<Ended> {
      if (program !== 'blockdev') ran.push([program, ...args].join(' ').replaceAll(path, 'DISK'));
      const found = programs[program];
      if (program !== 'blockdev' && !found)
        throw new ActionFailure(`${program} cannot be run: there is no such program here`);
      const { code = 0, complaint = '', out = '' } = found?.(path)([...args]) ?? {};
      output?.stdout.write(Buffer.from(out));
      return { code, complaint };
    },
  });
  let said = '';
  const stdout = new Writable({
    write(bytes: Buffer, _, done) {
      said += bytes.toString();
      done();
    },
  });
  const io: ActionIo = { stdout, stderr: stdout, signal: more.signal ?? new AbortController().signal };
  const disk = await inspectDisk(path, machine);
  const overwrite = more.overwrite ?? (async () => writeFileSync(path, Buffer.alloc(SIZE)));
  const whole = { whole: true, discards: false, writesZeroes: false };
  const erased = eraseSecurely(disk, { ...whole, ...capabilities }, overwrite, io, machine);
  return { erased, ran, path, said: () => said };
}

const NVME = { format: true, sanitizeBlock: true, sanitizeCrypto: false, formatsAll: true, kept: [] };
/** The sanitize log: how far (of 65536), and the status. */
const log = (progress: number, status: number): Buffer => Buffer.from([progress & 0xff, progress >> 8, status, 1]);

describe('a disk is erased', () => {
  test('by its own format, and the samples bear it out', async (t) => {
    const { erased, ran, said } = await erasing(
      t,
      { nvme: NVME },
      { nvme: (file) => () => void writeFileSync(file, Buffer.alloc(SIZE)) },
    );
    const { tried, ...found } = await erased;
    assert.deepEqual(found, {
      erased: true,
      means: 'nvme-format',
      verified: true,
      samples: found.samples,
      found: 'zeros',
    });
    assert.deepEqual(
      tried.map(({ means }) => means),
      ['nvme-sanitize-crypto', 'secure-discard', 'write-zeroes'],
    );
    assert.equal(ran.length, 1);
    assert.match(ran[0] ?? '', /^nvme format DISK --ses=1 --force --timeout=\d+$/);
    assert.match(said(), /erased by nvme-format; \d+ samples read back: zeros/);
  });

  test('by the next means, when the first only said that it had done it', async (t) => {
    const logs = [log(100, 2), log(60_000, 2), log(0xffff, 1)];
    const { erased, ran } = await erasing(
      t,
      { nvme: NVME },
      {
        nvme:
          (file) =>
          ([word]) => {
            if (word === 'sanitize') writeFileSync(file, randomBytes(SIZE));
            return word === 'get-log' ? { out: logs.shift() ?? '' } : {};
          },
      },
    );
    const { means, found, tried } = await erased;
    assert.deepEqual([means, found], ['nvme-sanitize-block', 'other']);
    const format = tried.find((each) => each.means === 'nvme-format');
    assert.match(format?.why ?? '', /samples are what they were after it/);
    assert.deepEqual(
      ran.map((line) => line.split(' ')[1]),
      ['format', 'sanitize', 'get-log', 'get-log', 'get-log'],
    );
    assert.match(ran[1] ?? '', /--sanact=2/);
  });

  test('by overwriting, when a sanitize has failed; the controller is led out of that first', async (t) => {
    const { erased, ran } = await erasing(
      t,
      { nvme: { ...NVME, format: false } },
      {
        nvme:
          () =>
          ([word]) =>
            word === 'get-log' ? { out: log(0, 3) } : {},
      },
    );
    const { means, tried } = await erased;
    assert.equal(means, 'overwrite');
    assert.match(JSON.stringify(tried), /"nvme-sanitize-block","why":"the controller says that it has failed"/);
    assert.match(ran.at(-1) ?? '', /sanitize DISK --sanact=1/);
  });

  test('by ATA’s erasure; a password does not stay where that failed', async (t) => {
    const { erased, ran } = await erasing(
      t,
      { ata: ATA },
      {
        hdparm: (file) => (args) => {
          if (args.includes('--security-erase')) writeFileSync(file, Buffer.alloc(SIZE, 0xff));
          return args.includes('--security-erase-enhanced') ? { code: 5, complaint: 'bad sense\nI/O error' } : {};
        },
      },
    );
    const { means, found, tried } = await erased;
    assert.deepEqual([means, found], ['ata-erase', 'ones']);
    assert.equal(tried.find((each) => each.means === 'ata-erase-enhanced')?.why, 'hdparm ended with 5: I/O error');
    assert.deepEqual(
      ran.map((line) => line.split(' ')[3]),
      [
        ...['--security-set-pass', '--security-erase-enhanced', '--security-disable'],
        ...['--security-set-pass', '--security-erase'],
      ],
    );
  });

  test('by ATA’s erasure with the password that is there from one that was cut short', async (t) => {
    const { erased, ran } = await erasing(
      t,
      { ata: { ...ATA, enabled: true, locked: true } },
      { hdparm: (file) => () => void writeFileSync(file, Buffer.alloc(SIZE)) },
    );
    assert.equal((await erased).means, 'ata-erase-enhanced');
    assert.deepEqual(ran, ['hdparm --user-master u --security-erase-enhanced tinsmith DISK']);
  });

  test('by the kernel: discards that it has no secure form of are no erasure', async (t) => {
    const { erased, ran } = await erasing(
      t,
      { discards: true, writesZeroes: true },
      {
        blkdiscard:
          (file) =>
          ([option]) => {
            if (option === '--secure')
              return { code: 1, complaint: 'BLKSECDISCARD ioctl failed: Operation not supported' };
            writeFileSync(file, Buffer.alloc(SIZE));
            return {};
          },
      },
    );
    const { means, tried } = await erased;
    assert.equal(means, 'write-zeroes');
    assert.match(tried[0]?.why ?? '', /Operation not supported/);
    assert.deepEqual(ran, ['blkdiscard --secure DISK', 'blkdiscard --zeroout DISK']);
  });

  test('by overwriting, when no program is there', async (t) => {
    const { erased } = await erasing(t, { nvme: NVME, ata: ATA, discards: true, writesZeroes: true }, {});
    const { means, tried } = await erased;
    assert.equal(means, 'overwrite');
    for (const each of ['nvme-format', 'ata-erase', 'secure-discard', 'write-zeroes'])
      assert.match(tried.find(({ means }) => means === each)?.why ?? '', /no such program here/, each);
  });
});

describe('a disk is not erased', () => {
  test('when it cannot be written, and that is told', async (t) => {
    const overwrite = async (): Promise<void> => {
      throw new ActionFailure('writing to /dev/sda at byte 4096 failed: EIO');
    };
    const { erased } = await erasing(t, {}, {}, { overwrite });
    const { erased: isErased, verified, failure } = await erased;
    assert.deepEqual([isErased, verified], [false, false]);
    assert.equal(failure, 'not erased: writing to /dev/sda at byte 4096 failed: EIO');
  });

  test('when what was written is not what is read', async (t) => {
    const { erased } = await erasing(t, {}, {}, { overwrite: async () => undefined });
    assert.match((await erased).failure ?? '', /not erased: \d+ of \d+ samples are not zeros after it/);
  });

  test('any further when the action is stopped', async (t) => {
    const stop = new AbortController();
    const { erased, ran, path } = await erasing(
      t,
      { nvme: NVME },
      {
        nvme: () => () => {
          stop.abort(new Error('told to stop'));
          throw new Error('aborted');
        },
      },
      { signal: stop.signal },
    );
    await assert.rejects(erased, /told to stop/);
    assert.equal(ran.length, 1);
    assert.ok(readFileSync(path).equals(CONTENT));
  });
});

/** Sysfs of disks, by the kernel's names. */
function sysfs(directory: string, disks: Record<string, Record<string, string>>): string {
  const sys = join(directory, 'sys');
  for (const [name, files] of Object.entries(disks)) {
    for (const [file, content] of Object.entries({ size: '2048', ...files })) {
      const path = join(sys, 'block', name, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${content}\n`);
    }
  }
  return sys;
}

describe('the action in its secure mode', () => {
  test('erases several disks, and keeps a record of each', async (t) => {
    const directory = temporary(t);
    const sys = sysfs(directory, { sda: { 'device/model': 'Disk A', 'device/serial': 'S1', wwid: 'naa.5' } });
    const disks = ['sda', 'sdb'].map((name) => join(directory, name));
    for (const disk of disks) writeFileSync(disk, CONTENT);
    const record = join(directory, 'record.json');
    const machine = host({ sys, now: () => Date.UTC(2026, 0, 2) });
    const environment = { DEST_DISKS: disks.join(' '), DEST_DISK: disks[0] ?? '', WIPE_MODE: 'secure' };
    const { code, out, err } = await perform('wipe', { ...environment, WIPE_RECORD: record }, machine);
    assert.equal(code, 0, err);
    for (const disk of disks) assert.ok(readFileSync(disk).equals(Buffer.alloc(SIZE)));
    const written = JSON.parse(readFileSync(record, 'utf8'));
    assert.deepEqual([written.mode, written.at], ['secure', '2026-01-02T00:00:00.000Z']);
    const { seconds, samples, tried, ...a } = written.disks.sda;
    assert.deepEqual(a, {
      ...{ path: disks[0], size: SIZE, model: 'Disk A', serial: 'S1', wwn: 'naa.5' },
      ...{ erased: true, means: 'overwrite', verified: true, found: 'zeros' },
    });
    assert.ok(seconds >= 0 && samples > 50);
    assert.deepEqual(
      tried.map((each: { means: string }) => each.means),
      ['secure-discard', 'write-zeroes'],
    );
    assert.equal(written.disks.sdb.erased, true);
    assert.deepEqual(JSON.parse(/^record (.*)$/m.exec(out)?.[1] ?? ''), written);
    assert.match(out, /^progress \{"written":2097152,"total":2097152\}$/m);
  });

  test('erases those it can, and fails with those it cannot', async (t) => {
    const directory = temporary(t);
    const lost = join(directory, 'sdb');
    const disks = [join(directory, 'sda'), lost];
    for (const disk of disks) writeFileSync(disk, CONTENT);
    const record = join(directory, 'record.json');
    const machine = host({
      sys: sysfs(directory, {}),
      programs: (program, args) => {
        // Of one disk what is written gets lost.
        if (program === 'blockdev' && args[1] === lost) writeFileSync(lost, CONTENT);
        return undefined;
      },
    });
    const environment = { DEST_DISKS: disks.join(','), WIPE_MODE: 'secure', WIPE_RECORD: record };
    const { code, err } = await perform('wipe', environment, machine);
    assert.equal(code, 1);
    assert.match(err, /sdb: not erased: \d+ of \d+ samples are not zeros after it\n$/);
    assert.doesNotMatch(err, /sda/);
    const written = JSON.parse(readFileSync(record, 'utf8'));
    assert.deepEqual([written.disks.sda.erased, written.disks.sdb.erased], [true, false]);
    assert.match(written.disks.sdb.failure, /not zeros/);
  });

  test('takes all disks of the machine’s own that are not removable, in every mode', async (t) => {
    const directory = temporary(t);
    const sys = sysfs(directory, {
      // Which no computer has that runs this.
      sdzzzz: { removable: '0' },
      sdzzzy: { removable: '1' },
      loop0: {},
      nvme3n1: { 'device/transport': 'tcp' },
    });
    const { code, err } = await perform('wipe', { DEST_DISKS: 'all' }, host({ sys }));
    assert.equal(code, 1);
    assert.match(err, /^wipe: \/dev\/sdzzzz does not exist/, 'the only one that it looks for');
    const none = await perform(
      'wipe',
      { DEST_DISKS: 'all' },
      host({ sys: sysfs(temporary(t), { sdzzzy: { removable: '1' } }) }),
    );
    assert.match(none.err, /no disks of its own that are not removable/);
  });

  test('keeps a record of the other modes too', async (t) => {
    const directory = temporary(t);
    const disk = join(directory, 'sda');
    writeFileSync(disk, '');
    truncateSync(disk, SIZE);
    const record = join(directory, 'record.json');
    const means: Record<string, string> = {};
    for (const mode of ['quick', 'zero']) {
      const environment = { DEST_DISK: disk, WIPE_MODE: mode, WIPE_RECORD: record };
      assert.equal((await perform('wipe', environment, host({ sys: '/none/sys' }))).code, 0);
      const { disks } = JSON.parse(readFileSync(record, 'utf8'));
      assert.deepEqual([disks.sda.erased, disks.sda.verified], [true, false]);
      means[mode] = disks.sda.means;
    }
    assert.deepEqual(means, { quick: 'edges', zero: 'overwrite' });
    assert.equal((await perform('wipe', { DEST_DISK: disk, WIPE_RECORD: 'x' }, host())).code, 64);
  });
});

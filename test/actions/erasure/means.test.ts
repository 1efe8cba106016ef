/** Which means a disk is erased by: a table, and what the programs say that it is told from. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { keptBeside, parseController, parseSecurity } from '../../../src/actions/erasure/capabilities.ts';
import {
  type AtaSecurity,
  type Capabilities,
  MEANS,
  meansOf,
  type NvmeAbilities,
} from '../../../src/actions/erasure/means.ts';

const PLAIN: Capabilities = { whole: true, discards: false, writesZeroes: false };
const SSD: Capabilities = { whole: true, discards: true, writesZeroes: true };
const NVME: NvmeAbilities = { format: true, sanitizeBlock: true, sanitizeCrypto: true, formatsAll: true, kept: [] };
const ATA: AtaSecurity = { supported: true, enabled: false, locked: false, frozen: false, enhanced: true };

describe('the means of a disk', () => {
  for (const [title, disk, usable, ruledOut] of [
    ['that can nothing', PLAIN, ['overwrite'], ['secure-discard: cannot discard', 'write-zeroes: takes no order']],
    ['whose queue can all', SSD, ['secure-discard', 'write-zeroes', 'overwrite'], []],
    [
      'that discards only',
      { ...SSD, writesZeroes: false },
      ['secure-discard', 'overwrite'],
      ['write-zeroes: no order'],
    ],
    [
      'of NVMe',
      { ...SSD, nvme: NVME },
      [
        ...['nvme-format', 'nvme-sanitize-block', 'nvme-sanitize-crypto'],
        ...['secure-discard', 'write-zeroes', 'overwrite'],
      ],
      [],
    ],
    [
      'of NVMe that only sanitizes by its key',
      { ...PLAIN, nvme: { ...NVME, format: false, sanitizeBlock: false } },
      ['nvme-sanitize-crypto', 'overwrite'],
      [
        ...['nvme-format: the controller cannot', 'nvme-sanitize-block: the controller cannot'],
        ...['secure-discard: cannot', 'write-zeroes: no order'],
      ],
    ],
    [
      'of NVMe beside a namespace that is to be kept',
      { ...SSD, nvme: { ...NVME, kept: ['nvme0n2'] } },
      ['secure-discard', 'write-zeroes', 'overwrite'],
      [
        ...['nvme-format: would erase nvme0n2 too', 'nvme-sanitize-block: would erase nvme0n2 too'],
        'nvme-sanitize-crypto: would erase nvme0n2 too',
      ],
    ],
    [
      'of NVMe beside one that is to be kept, which it formats alone',
      { ...SSD, nvme: { ...NVME, formatsAll: false, kept: ['nvme0n2'] } },
      ['nvme-format', 'secure-discard', 'write-zeroes', 'overwrite'],
      ['nvme-sanitize-block: would erase nvme0n2 too', 'nvme-sanitize-crypto: would erase nvme0n2 too'],
    ],
    [
      'of NVMe that cannot be asked',
      { ...SSD, nvme: { unknown: 'nvme cannot be run: there is no such program here' } },
      ['secure-discard', 'write-zeroes', 'overwrite'],
      ['nvme-format: no such program', 'nvme-sanitize-block: no such program', 'nvme-sanitize-crypto: no such program'],
    ],
    ['of ATA', { ...PLAIN, ata: ATA }, ['ata-erase-enhanced', 'ata-erase', 'overwrite'], ['secure-', 'write-']],
    [
      'of ATA without the enhanced erasure',
      { ...PLAIN, ata: { ...ATA, enhanced: false } },
      ['ata-erase', 'overwrite'],
      ['ata-erase-enhanced: the drive cannot', 'secure-', 'write-'],
    ],
    [
      'of ATA that is frozen',
      { ...SSD, ata: { ...ATA, frozen: true } },
      ['secure-discard', 'write-zeroes', 'overwrite'],
      ['ata-erase-enhanced: the drive is frozen', 'ata-erase: the drive is frozen'],
    ],
    [
      'of ATA without security',
      { ...SSD, ata: { ...ATA, supported: false } },
      ['secure-discard', 'write-zeroes', 'overwrite'],
      ['ata-erase-enhanced: no security', 'ata-erase: no security'],
    ],
    [
      'of ATA whose password was left there: its erasure was cut short',
      { ...PLAIN, ata: { ...ATA, enabled: true, locked: true } },
      ['ata-erase-enhanced', 'ata-erase', 'overwrite'],
      ['secure-', 'write-'],
    ],
    [
      'that is a partition',
      { ...SSD, whole: false, nvme: NVME, ata: ATA },
      ['secure-discard', 'write-zeroes', 'overwrite'],
      [
        ...['nvme-format: partition', 'nvme-sanitize-block: partition', 'nvme-sanitize-crypto: partition'],
        ...['ata-erase-enhanced: partition', 'ata-erase: partition'],
      ],
    ],
  ] satisfies [string, Capabilities, string[], string[]][])
    test(title, () => {
      const found = meansOf(disk);
      assert.deepEqual(found.usable, usable);
      assert.equal(found.ruledOut.length, ruledOut.length, JSON.stringify(found.ruledOut));
      for (const [i, wanted] of ruledOut.entries()) {
        const [means = '', why = ''] = wanted.split(': ');
        assert.ok(found.ruledOut[i]?.means.startsWith(means), wanted);
        assert.ok(found.ruledOut[i]?.why.includes(why), `${wanted}: ${found.ruledOut[i]?.why}`);
      }
    });

  test('end with overwriting, each is named once at most, and none that reaches more than it should', () => {
    const flag = fc.boolean();
    const names = fc.subarray(['nvme0n2', 'nvme0n3']);
    const nvme = fc.record({
      ...{ format: flag, sanitizeBlock: flag, sanitizeCrypto: flag, formatsAll: flag, kept: names },
    });
    const ata = fc.record({ supported: flag, enabled: flag, locked: flag, frozen: flag, enhanced: flag });
    const disk = fc.record(
      { whole: flag, discards: flag, writesZeroes: flag, nvme, ata },
      { requiredKeys: ['whole', 'discards', 'writesZeroes'] },
    );
    fc.assert(
      fc.property(disk, (capabilities) => {
        const { usable, ruledOut } = meansOf(capabilities);
        assert.equal(usable.at(-1), 'overwrite');
        const all = [...usable, ...ruledOut.map(({ means }) => means)];
        assert.equal(new Set(all).size, all.length);
        assert.deepEqual(
          usable,
          MEANS.filter((means) => usable.includes(means)),
        );
        const drives = usable.filter((means) => /^(nvme|ata)/.test(means));
        if (!capabilities.whole) assert.deepEqual(drives, []);
        if (capabilities.nvme && capabilities.nvme.kept.length > 0)
          assert.ok(!drives.some((means) => means.startsWith('nvme-sanitize')));
      }),
    );
  });
});

describe('what the programs say', () => {
  test('nvme id-ctrl', () => {
    const said = (fields: object) => parseController(JSON.stringify({ vid: 6922, sn: 'x', ...fields }));
    assert.deepEqual(said({ oacs: 0x17, fna: 0, sanicap: 0x60000003 }), {
      ...{ format: true, formatsAll: false, sanitizeBlock: true, sanitizeCrypto: true },
    });
    assert.deepEqual(said({ oacs: 0x15, fna: 2, sanicap: 0 }), {
      ...{ format: false, formatsAll: true, sanitizeBlock: false, sanitizeCrypto: false },
    });
    assert.equal(said({ oacs: 2, fna: 1 })?.formatsAll, true);
    assert.equal(parseController('Usage: nvme'), undefined);
    assert.equal(parseController('[]')?.format, false);
  });

  test('namespaces of the same controller', () => {
    const all = ['sda', 'nvme0n1', 'nvme0n2', 'nvme0n10', 'nvme1n1', 'nvme01n1'];
    assert.deepEqual(keptBeside('nvme0n1', ['nvme0n1', 'nvme0n10'], all), ['nvme0n2']);
    assert.deepEqual(keptBeside('nvme1n1', ['nvme1n1'], all), []);
  });

  const identity = (security: string): string =>
    `\n/dev/sda:\n\nATA device, with non-removable media\n\tModel Number:       X\nCommands/features:\n\tEnabled\tSupported:\n\t   *\tSecurity Mode feature set\n${security}Logical Unit WWN Device Identifier: 5\nChecksum: correct\n`;
  const lines = (...words: string[]): string => `Security: \n${words.map((word) => `\t${word}\n`).join('')}`;

  for (const [title, text, wanted] of [
    [
      'of a drive that can',
      lines(
        ...['Master password revision code = 65534', '\tsupported', 'not\tenabled', 'not\tlocked', 'not\tfrozen'],
        ...['not\texpired: security count', '\tsupported: enhanced erase'],
        '2min for SECURITY ERASE UNIT. 8min for ENHANCED SECURITY ERASE UNIT.',
      ),
      { supported: true, enabled: false, locked: false, frozen: false, enhanced: true },
    ],
    [
      'of one that is frozen, with a password',
      lines('\tsupported', '\tenabled', '\tlocked', '\tfrozen', 'not\texpired', 'not\tsupported: enhanced erase'),
      { supported: true, enabled: true, locked: true, frozen: true, enhanced: false },
    ],
    ['of one without', '', { supported: false, enabled: false, locked: false, frozen: false, enhanced: false }],
    ['of one that says no', lines('not\tsupported'), { supported: false }],
  ] as const)
    test(`hdparm -I ${title}`, () => {
      const { minutes, ...found } = parseSecurity(identity(text));
      assert.deepEqual({ ...found, ...wanted }, found);
      if (title.endsWith('can')) assert.deepEqual(minutes, { normal: 2, enhanced: 8 });
    });
});

/** SMBIOS tables that are whole, cut off, and nonsense; what firmware has where nobody filled it in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLan } from '../../src/inventory/bmc.ts';
import { isJunk, otherByteOrder } from '../../src/inventory/junk.ts';
import { memoryModules, processorName } from '../../src/inventory/smbios.ts';
import { memoryDevice, TABLE } from './made-up.ts';

describe('an SMBIOS table', () => {
  it('gives the modules that are there, in all units of their size', () => {
    const sizes = [
      memoryDevice(0x0400, 'a'),
      memoryDevice(0x8200, 'b'),
      memoryDevice(0x7fff, 'c', 65_536),
      memoryDevice(0xffff, 'unknown'),
      memoryDevice(0, 'none'),
    ];
    const found = memoryModules(Buffer.concat(sizes)).map(({ serial, size }) => [serial, size]);
    assert.deepEqual(found, [
      ['a', 2 ** 30],
      ['b', 512 * 1024],
      ['c', 64 * 2 ** 30],
    ]);
    assert.equal(processorName(TABLE), 'Hammer 9000');
  });

  it('that ends anywhere gives what came before, and is never an error', () => {
    const whole = memoryModules(TABLE);
    assert.equal(whole.length, 2);
    for (let end = 0; end < TABLE.length; end++) {
      const found = memoryModules(TABLE.subarray(0, end));
      assert.deepEqual(found, whole.slice(0, found.length));
    }
  });

  it('of any bytes is never an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        memoryModules(Buffer.from(bytes));
        processorName(Buffer.from(bytes));
      }),
    );
  });
});

describe('a value', () => {
  it('that firmware has where nobody filled it in is junk', () => {
    for (const value of [
      ...[
        'To Be Filled By O.E.M.',
        'To be filled by O.E.M',
        'Default string',
        'Default_string',
        'O.E.M.',
        'None',
        'N/A',
      ],
      ...['System Serial Number', 'Base Board Serial Number', 'Chassis Serial Number', 'Not Specified', 'Unknown', ''],
      ...['0123456789', '123456789', '1234567890', '01234567890123456789', '123456789ABCDEF', '0123456789ABCDEF'],
      ...['0', '00000000', 'FFFFFFFF', 'xxxxxxxxxxx', '................', '  ', '-', 'FEFEFEFE', 'Asset-1234567890'],
      ...['SerNum0', 'A1_SerNum00', 'Array1_PartNumber0', 'DIMM0_AssetTag', 'NO DIMM', '<OUT OF SPEC>'],
      ...['00000000-0000-0000-0000-000000000000', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'],
      ...['03000200-0400-0500-0006-000700080009', '00020003-0004-0005-0006-000700080009'],
      ...['00010203-0405-0607-0809-0A0B0C0D0E0F', '12345678-1234-5678-90AB-CDDEEFAABBCC'],
    ])
      assert.equal(isJunk(value), true, value);
  });

  it('that may be somebody’s is none', () => {
    for (const value of [
      'CZ1234ABCD',
      '7K2QX13',
      '6f1c2a7e-3b5d-4c8e-9a10-b2c3d4e5f607',
      'HP',
      'PF0123456789',
      '345',
      'S0',
    ])
      assert.equal(isJunk(value), false, value);
  });

  it('as a UUID comes back from the other byte order', () => {
    const digits = '00112233445566778899aabbccddeeff';
    assert.equal(otherByteOrder(digits), '33221100554477668899aabbccddeeff');
    assert.equal(otherByteOrder(otherByteOrder(digits)), digits);
  });
});

describe('what ipmitool says', () => {
  it('gives no address where there is none', () => {
    assert.deepEqual(parseLan('IP Address              : 0.0.0.0\nMAC Address : 9c:00:5e:00:00:99\n'), {
      address: undefined,
      mac: '9c:00:5e:00:00:99',
    });
    assert.equal(parseLan('Channel 1 is not a LAN channel\n'), undefined);
    assert.equal(parseLan('IP Address : 0.0.0.0\nMAC Address : 00:00:00:00:00:00\n'), undefined);
  });
});

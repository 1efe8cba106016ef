import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bindToInterface } from '../../src/boots/interface-socket.ts';

describe('A socket of one interface', () => {
  it('says by its code which interface is not there', () => {
    assert.throws(() => bindToInterface({ interfaceName: 'not-there', port: 0 }), { code: 'ENODEV' });
  });
});

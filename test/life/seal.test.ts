/** Sealed values: what comes out is what went in, for the right key alone, and the key is kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { isSealed, newKeyPair, open, type Sealed, seal, sealingKeys } from '../../src/life/seal.ts';
import { refusal } from './render/examples.ts';

const KEYS = newKeyPair();
const SECRET = 'correct horse battery staple';

function directory(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'tinsmith-seal-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** That it is refused, typed, and says nothing of what is in it or how it failed. */
function assertClosed(privateKey: string, value: unknown): void {
  const error = refusal(() => open(privateKey, value));
  assert.equal(error.code, 'INVALID_INPUT');
  assert.equal(error.cause, undefined);
  assert.match(error.message, /^The sealed value cannot be opened|^The value is not a sealed one/);
  assert.ok(error.next);
}

describe('a sealed value', () => {
  it('opens as what was sealed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = JSON.parse(JSON.stringify(seal(KEYS.publicKey, value))) as unknown;
        assert.ok(isSealed(written));
        assert.deepEqual(open(KEYS.privateKey, written), JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 50 },
    );
  });

  it('is another one each time, and does not show what is in it', () => {
    const [a, b] = [seal(KEYS.publicKey, SECRET), seal(KEYS.publicKey, SECRET)];
    for (const part of ['key', 'nonce', 'payload'] as const) assert.notEqual(a[part], b[part]);
    assert.ok(!Buffer.from(a.payload, 'base64').includes('horse'));
  });

  it('changed in any byte is not opened', () => {
    const sealed = seal(KEYS.publicKey, SECRET);
    const part = fc.constantFrom('key', 'nonce', 'payload');
    fc.assert(
      fc.property(part, fc.nat(), fc.integer({ min: 1, max: 255 }), (name, position, change) => {
        const bytes = Buffer.from(sealed[name as 'key'], 'base64');
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        assertClosed(KEYS.privateKey, { ...sealed, [name]: bytes.toString('base64') });
      }),
      { numRuns: 200 },
    );
  });

  it('changed in the bit of the key that X25519 does not look at (RFC 7748 section 5) is not opened either', () => {
    const sealed = seal(KEYS.publicKey, SECRET);
    const key = Buffer.from(sealed.key, 'base64');
    key[31] = (key[31] ?? 0) ^ 0x80;
    assertClosed(KEYS.privateKey, { ...sealed, key: key.toString('base64') });
  });

  it('cut, extended or written otherwise is not opened', () => {
    const sealed = seal(KEYS.publicKey, SECRET);
    const changed = [
      { ...sealed, payload: sealed.payload.slice(4) },
      { ...sealed, payload: `AAAA${sealed.payload}` },
      { ...sealed, payload: `${sealed.payload}\n` },
      { ...sealed, key: sealed.key.replace('=', '') },
      { ...sealed, key: Buffer.alloc(32).toString('base64') },
      { ...sealed, nonce: Buffer.alloc(24).toString('base64') },
    ];
    for (const each of changed) assertClosed(KEYS.privateKey, each);
  });

  it('for another key is not opened', () => assertClosed(newKeyPair().privateKey, seal(KEYS.publicKey, SECRET)));

  it('has a form, and what has another is none', () => {
    const sealed = seal(KEYS.publicKey, SECRET);
    const { nonce: _, ...without } = sealed;
    const others: unknown[] = [
      ...[undefined, null, 'text', 5, [], {}, [sealed]],
      { ...sealed, sealed: 2 },
      { ...sealed, more: true },
      { ...sealed, payload: 5 },
      { ...sealed, payload: '' } satisfies Sealed,
      without,
    ];
    for (const each of others) {
      assert.ok(!isSealed(each));
      assertClosed(KEYS.privateKey, each);
    }
  });

  it('needs a key that is one, and a value that JSON has', () => {
    for (const key of ['', 'x', KEYS.publicKey.slice(2)])
      assert.match(refusal(() => seal(key, SECRET)).message, /32 bytes in base64/);
    assert.match(refusal(() => seal(KEYS.publicKey, undefined)).message, /JSON has no such value/);
  });
});

describe('the keys of an appliance', () => {
  it('are made once, for their owner alone', (t) => {
    const data = directory(t);
    const keys = sealingKeys(data);
    assert.deepEqual(sealingKeys(data), keys);
    assert.deepEqual(readdirSync(data), ['sealing-key']);
    assert.equal(statSync(join(data, 'sealing-key')).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(data, 'sealing-key'), 'utf8'), `${keys.privateKey}\n`);
    assert.equal(open(keys.privateKey, seal(keys.publicKey, SECRET)), SECRET);
    assert.notDeepEqual(sealingKeys(directory(t)), keys);
  });

  it('that cannot be used stop the start, and are left as they are', (t) => {
    const data = directory(t);
    writeFileSync(join(data, 'sealing-key'), 'nonsense\n');
    const error = refusal(() => sealingKeys(data));
    assert.equal(error.code, 'DATA_DIRECTORY_UNUSABLE');
    assert.match(error.message, /sealing-key does not hold a key/);
    assert.equal(readFileSync(join(data, 'sealing-key'), 'utf8'), 'nonsense\n');
    assert.equal(refusal(() => sealingKeys(join(data, 'missing'))).code, 'DATA_DIRECTORY_UNUSABLE');
  });
});

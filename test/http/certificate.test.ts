/** Certificates and keys, as people give them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import { TinsmithError } from '../../src/errors.ts';
import { readTlsPair, type TlsPair, warnOfTime, watchTlsFiles } from '../../src/http/index.ts';
import { certificate, missing } from './certificates.ts';

const SKIP = { skip: missing ?? false };

function problems(files: { certificate: string; key: string }): string[] {
  try {
    readTlsPair(files);
  } catch (error) {
    assert.ok(error instanceof TinsmithError && error.code === 'INVALID_INPUT');
    return error.problems.map(({ field, message }) => `${field} ${message}`);
  }
  return [];
}

function log() {
  const lines: string[] = [];
  return { lines, log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }) };
}

describe('a certificate and its key', SKIP, () => {
  it('are taken as OpenSSL writes them', (t) => {
    const { files, pair } = certificate(t);
    assert.deepEqual(readTlsPair(files), pair);
  });

  const written = (t: TestContext, text: string): string => {
    const { directory } = certificate(t);
    writeFileSync(join(directory, 'other'), text);
    return join(directory, 'other');
  };

  it('are refused with what is wrong with each', (t) => {
    const one = certificate(t);
    const two = certificate(t, 'two');
    assert.match(
      problems({ ...one.files, key: two.files.key }).join(),
      /^tls-key is not the key of the certificate .*CN=one/,
    );
    assert.match(problems({ ...one.files, certificate: '/nowhere' }).join(), /^tls-cert cannot be read: ENOENT/);
    assert.deepEqual(
      problems({ certificate: written(t, 'rubbish'), key: written(t, '') }).map((each) => each.split(':')[0]),
      ['tls-cert is no certificate in PEM', 'tls-key is no private key in PEM'],
    );
    const encrypted = join(one.directory, 'encrypted.pem');
    execFileSync('openssl', ['pkey', '-in', one.files.key, '-aes256', '-passout', 'pass:secret', '-out', encrypted]);
    assert.match(problems({ ...one.files, key: encrypted }).join(), /^tls-key is encrypted/);
    assert.match(
      problems({ certificate: one.files.key, key: one.files.certificate }).join(),
      /tls-cert is no cert.*tls-key is no/,
    );
  });

  it('are warned of by their time', (t) => {
    const { pair } = certificate(t);
    const { lines, log: to } = log();
    warnOfTime(pair, Date.now(), to);
    assert.deepEqual(lines, []);
    warnOfTime(pair, Date.now() + 3 * 86_400_000, to);
    warnOfTime(pair, 0, to);
    assert.match(lines.join(''), /has expired.*\n.*does not count yet/);
  });

  it('are read again at SIGHUP; what is not usable changes nothing', async (t) => {
    const { files } = certificate(t);
    const next = certificate(t, 'next');
    const { lines, log: to } = log();
    const taken: TlsPair[] = [];
    const end = watchTlsFiles(files, { log: to, what: 'HTTPS' }, (pair) => void taken.push(pair));
    t.after(end);
    writeFileSync(files.key, next.pair.key);
    process.emit('SIGHUP');
    assert.match(lines.join(''), /stays as it was/);
    writeFileSync(files.certificate, next.pair.certificate);
    process.emit('SIGHUP');
    assert.deepEqual(taken, [next.pair]);
    end();
    assert.equal(process.listenerCount('SIGHUP'), 0);
  });
});

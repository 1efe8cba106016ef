/** `tinsmith up` with a certificate, and the command line that knows it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tinsmith } from '../cli/fake-appliance.ts';
import { certificate, missing } from '../http/certificates.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { started } from './started.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const ALONE = ['--dhcp', 'off', '--tftp', 'off', '--http-address', '127.0.0.1', '--http-port', '0'];

describe('HTTPS', { skip: missing ?? false }, () => {
  it('answers the command line that is given its certificate, and takes a new one', async (t) => {
    const { files, directory } = certificate(t);
    const data = join(temporaryDirectory(t), 'data');
    const tls = ['--tls-cert', files.certificate, '--tls-key', files.key, '--https-port', '0'];
    const up = await started(t, data, { args: [...ALONE, ...tls] });
    const { bound } = await up.told(({ msg, role }) => msg === 'started' && role === 'https');
    const url = `https://${bound?.[0]}`;
    const run = (...words: string[]) => tinsmith({ url }, words, { environment: { TINSMITH_TOKEN: up.token() } });
    const untrusted = await run('status');
    assert.equal(untrusted.code, 69);
    assert.match(untrusted.err, /is not trusted: .*\n.*--ca/);
    const status = await run('status', '--ca', files.certificate, '-o', 'json');
    assert.equal(status.code, 0, status.err);
    const image = join(directory, 'image');
    writeFileSync(image, Buffer.alloc(2_000_000, 'x'));
    assert.equal((await run('file', 'upload', image, '--ca', files.certificate)).code, 0);
    const next = certificate(t, 'next');
    writeFileSync(files.certificate, next.pair.certificate);
    writeFileSync(files.key, next.pair.key);
    process.kill(up.pid, 'SIGHUP');
    await up.told(({ msg }) => msg.startsWith('took the new certificate'));
    assert.equal((await run('status', '--ca', next.files.certificate)).code, 0);
    assert.equal((await up.stop()).code, 0);
  });

  it('is not begun with a certificate that is none, nor is anything else', async (t) => {
    const { files } = certificate(t);
    const other = certificate(t, 'other');
    const data = join(temporaryDirectory(t), 'data');
    const args = [MAIN, 'up', '--data', data, ...ALONE, '--tls-cert', files.certificate, '--tls-key', other.files.key];
    const { code, text } = await new Promise<{ code: unknown; text: string }>((resolve) => {
      execFile(process.execPath, args, (error, _out, err) => resolve({ code: error?.code, text: err }));
    });
    assert.equal(code, 65);
    assert.match(text, /not usable/);
    assert.match(text, /is not the key of the certificate/);
  });
});

/** Certificates for a test, made by OpenSSL. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory } from '../store/opened.ts';

export const missing = spawnSync('openssl', ['version']).error ? 'openssl is not installed' : undefined;

/** A certificate for 127.0.0.1 that has signed itself. */
export function certificate(t: TestContext, name = 'one', more: string[] = []) {
  const directory = temporaryDirectory(t);
  const files = { certificate: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
      ...['-out', files.certificate, '-keyout', files.key, ...more],
    ],
    { stdio: 'pipe' },
  );
  const pair = { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') };
  return { directory, files, pair };
}

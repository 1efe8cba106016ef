/** The certificate of HTTPS and gRPC, and its key: read, checked as a pair, and read again when their files change. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { messageOf, type Problem, TinsmithError } from '../errors.ts';
import type { TlsPair } from './carrier/messages.ts';

/** Paths of the certificate (with those in between, if any) and of its key, PEM. */
export interface TlsFiles {
  certificate: string;
  key: string;
}

/** What the certificate is for. */
type Secured = 'HTTPS' | 'gRPC';

/** How often the files are looked at, ms. */
const LOOK_MS = 10_000;

/**
 * Reads a certificate and its key.
 * @throws TinsmithError INVALID_INPUT saying what is wrong with which file, or that they do not belong together
 */
export function readTlsPair(files: TlsFiles): TlsPair {
  const problems: Problem[] = [];
  const attempt = <T>(field: 'tls-cert' | 'tls-key', file: string, why: (fault: string) => string, work: () => T) => {
    try {
      return work();
    } catch (error) {
      problems.push({ field, file, message: why(messageOf(error)) });
      return undefined;
    }
  };
  const { certificate: certificateFile, key: keyFile } = files;
  const unreadable = (fault: string): string => `cannot be read: ${fault}`;
  const certificate = attempt('tls-cert', certificateFile, unreadable, () => readFileSync(certificateFile, 'utf8'));
  const key = attempt('tls-key', keyFile, unreadable, () => readFileSync(keyFile, 'utf8'));
  const isNone = (fault: string): string => `is no certificate in PEM: ${fault}`;
  const x509 =
    certificate !== undefined && attempt('tls-cert', certificateFile, isNone, () => new X509Certificate(certificate));
  const secret =
    key !== undefined &&
    attempt(
      'tls-key',
      keyFile,
      (fault) => noKey(key, fault),
      () => createPrivateKey(key),
    );
  if (x509 && secret && certificate !== undefined && key !== undefined) {
    const other = mismatch(x509, secret, files);
    if (other) problems.push(other);
    else {
      const refused = (fault: string): string => `cannot be used for TLS: ${fault}`;
      attempt('tls-cert', certificateFile, refused, () => createSecureContext({ cert: certificate, key }));
    }
  }
  if (problems.length > 0 || certificate === undefined || key === undefined)
    throw new TinsmithError('INVALID_INPUT', 'The certificate for TLS and its key are not usable.', {
      next: 'Name a certificate in PEM, with those in between behind it, by tls-cert, and its own key by tls-key; or neither.',
      problems,
    });
  return { certificate, key };
}

function noKey(key: string, fault: string): string {
  return /ENCRYPTED/.test(key)
    ? 'is encrypted: give it without a passphrase (openssl pkey -in KEY -out PLAIN)'
    : `is no private key in PEM: ${fault}`;
}

function mismatch(x509: X509Certificate, key: KeyObject, { certificate, key: file }: TlsFiles): Problem | undefined {
  if (x509.checkPrivateKey(key)) return undefined;
  const who = x509.subject?.replaceAll('\n', ', ') || 'no name';
  return { field: 'tls-key', file, message: `is not the key of the certificate ${certificate} (${who})` };
}

/** Warns of a certificate that clients will not take, by its time. */
export function warnOfTime({ certificate }: TlsPair, now: number, log: Logger, what: Secured = 'HTTPS'): void {
  const { validFrom, validTo } = new X509Certificate(certificate);
  if (now > Date.parse(validTo)) log.warn({ validTo }, `the certificate for ${what} has expired: clients refuse it`);
  else if (now < Date.parse(validFrom)) log.warn({ validFrom }, `the certificate for ${what} does not count yet`);
}

/**
 * Looks at the files now and then, and when the process gets SIGHUP. A pair that is not usable is told to the log, and the
 * one before goes on.
 * @param renew called with each new pair
 * @returns ends it
 */
export function watchTlsFiles(
  files: TlsFiles,
  { log, what }: { log: Logger; what: Secured },
  renew: (pair: TlsPair) => void,
): () => void {
  let seen = versionOf(files);
  const look = (): void => {
    const now = versionOf(files);
    if (now !== seen) read(now);
  };
  const read = (version = versionOf(files)): void => {
    seen = version;
    try {
      const pair = readTlsPair(files);
      renew(pair);
      log.info({ certificate: files.certificate }, `took the new certificate for ${what}`);
      warnOfTime(pair, Date.now(), log, what);
    } catch (error) {
      const problems = error instanceof TinsmithError ? error.problems : [];
      log.error({ problems }, `the certificate for ${what} stays as it was: ${messageOf(error)}`);
    }
  };
  const reread = (): void => read();
  const timer = setInterval(look, LOOK_MS).unref();
  process.on('SIGHUP', reread);
  return () => {
    clearInterval(timer);
    process.off('SIGHUP', reread);
  };
}

/** What shows that a file is another: also one that is linked to, as certificates of ACME are. */
function versionOf({ certificate, key }: TlsFiles): string {
  return [certificate, key]
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found ? `${found.ino}/${found.size}/${found.mtimeMs}` : 'gone';
    })
    .join(' ');
}

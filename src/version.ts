/** Which Tinsmith this is. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

// The build puts these in place (esbuild's `define`); a source tree has to look.
declare const TINSMITH_VERSION: string | undefined;
declare const TINSMITH_COMMIT: string | undefined;

/** Such as `0.1.0`. */
export const VERSION: string = typeof TINSMITH_VERSION === 'string' ? TINSMITH_VERSION : versionOfSources();

/** Short name of the commit, such as `abc1234`; `unknown` outside a repository. */
export const COMMIT: string = typeof TINSMITH_COMMIT === 'string' ? TINSMITH_COMMIT : commitOfSources();

/** `tinsmith 0.1.0 (commit abc1234, Node v24.21.0)` */
export function versionLine(): string {
  return `tinsmith ${VERSION} (commit ${COMMIT}, Node ${process.version})`;
}

function versionOfSources(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

function commitOfSources(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=7', 'HEAD'], {
      cwd: new URL('.', import.meta.url),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

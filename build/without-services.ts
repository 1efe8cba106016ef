import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';

/** Asked by packages before they start their services (invoke-rc.d(8)); 101 forbids it. */
const POLICY = '/usr/sbin/policy-rc.d';
const FORBIDDEN = `#!/bin/sh
# Tests and builds of tinsmith install packages; none of these is to start a service here. Can be removed.
exit 101
`;

/**
 * Installs packages whose services (DHCP servers, for one) do not start by that. A policy of the host's own stays, and
 * counts; one that a killed run has left is removed.
 */
export async function withoutServices(install: () => Promise<unknown>, policy = POLICY): Promise<void> {
  try {
    await writeFile(policy, FORBIDDEN, { mode: 0o755, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (readFileSync(policy, 'utf8') !== FORBIDDEN) {
      await install();
      return;
    }
  }
  try {
    await install();
  } finally {
    await rm(policy, { force: true });
  }
}

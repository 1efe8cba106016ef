/** Packages that the tests install start no services. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withoutServices } from '../../build/without-services.ts';
import { temporaryDirectory } from '../store/opened.ts';

describe('an installation', () => {
  it('is one in which packages are told to start nothing, and leaves no such rule', async (t) => {
    const policy = join(temporaryDirectory(t), 'policy-rc.d');
    let status: number | null = null;
    await withoutServices(async () => {
      ({ status } = spawnSync(policy, ['isc-dhcp-server', 'start']));
    }, policy);
    assert.equal(status, 101);
    assert.equal(existsSync(policy), false);
    await assert.rejects(
      withoutServices(() => Promise.reject(new Error('no such package')), policy),
      /no such package/,
    );
    assert.equal(existsSync(policy), false);
  });

  it('leaves a rule of the host’s own as it is, and takes away one that a killed run has left', async (t) => {
    const policy = join(temporaryDirectory(t), 'policy-rc.d');
    writeFileSync(policy, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    await withoutServices(async () => assert.equal(execFileSync(policy).length, 0), policy);
    assert.equal(readFileSync(policy, 'utf8'), '#!/bin/sh\nexit 0\n');
    let left = '';
    const other = `${policy}.other`;
    await withoutServices(async () => {
      left = readFileSync(other, 'utf8');
    }, other);
    writeFileSync(other, left, { mode: 0o755 });
    await withoutServices(async () => {}, other);
    assert.equal(existsSync(other), false);
  });
});

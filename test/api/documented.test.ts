/** What docs/api.md shows works, as it stands there, with curl. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { sign } from '../../src/webhooks/index.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { TWO_ACTIONS } from '../workflows/made.ts';
import { running } from './running.ts';

const missing = ['curl', 'openssl'].find(
  (tool) => spawnSync(tool, ['--version']).error && spawnSync(tool, ['version']).error,
);
const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines = '']) => lines);

describe('docs/api.md', () => {
  it('shows what works', { skip: missing && `${missing} is not installed` }, async (t) => {
    const { url, adminToken, workflows } = await running(t);
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'ubuntu.yaml'), TWO_ACTIONS.replace('name: install', 'name: ubuntu'));
    const script = ['set -euo pipefail', ...examples].join('\n');
    const { stdout } = await promisify(execFile)('bash', ['-c', script], {
      cwd: directory,
      env: { PATH: process.env.PATH, SERVER: url, TOKEN: adminToken },
    });
    const [workflow] = await workflows.list();
    assert.ok(workflow && stdout.includes(workflow.id));
    assert.ok(stdout.includes('{"disk": "/dev/sda"}'));
    const signature = readFileSync(join(directory, 'signature.txt'), 'utf8').trim();
    const body = '{"seq":1,"kind":"workflow.ended"}';
    assert.equal(sign('a-secret-of-16-characters', body, 1_767_225_600), `t=1767225600,v1=${signature}`);
  });

  it('shows an example for every part', () => {
    assert.ok(examples.length >= 9);
    for (const example of examples) assert.match(example, /api|curl|openssl/);
  });
});

/** The script that keeps the worker running in the in-memory system: `assets/osie/root/usr/lib/osie/worker`. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const SCRIPTS = join(import.meta.dirname, '../../assets/osie/root/usr/lib/osie');

test('the in-memory system starts a worker again that failed, and not one that was told to end', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tinsmith-osie-'));
  t.after(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'waiting'));
  await writeFile(join(directory, 'online'), '');
  for (const name of ['common.sh', 'worker']) {
    const text = await readFile(join(SCRIPTS, name), 'utf8');
    const here = text
      .replaceAll('/run/osie', directory)
      .replaceAll('/usr/lib/osie', directory)
      .replaceAll('/usr/bin/tinsmith', join(directory, 'tinsmith'))
      // What it would do until the machine is restarted.
      .replaceAll('sleep 86400', `exec touch ${directory}/rests`);
    await writeFile(join(directory, name), here);
  }
  // Fails once, then ends well.
  const worker = `#!/bin/sh\necho "$@" >>${directory}/starts\n[ "$(wc -l <${directory}/starts)" -gt 1 ]\n`;
  await writeFile(join(directory, 'tinsmith'), worker);
  await chmod(join(directory, 'tinsmith'), 0o755);
  const child = spawn('/bin/sh', [join(directory, 'worker')], { detached: true, stdio: 'ignore' });
  const { pid } = child;
  assert.ok(pid);
  // What it has beside it reads on.
  t.after(() => process.kill(-pid, 'SIGKILL'));
  await once(child, 'exit');
  assert.equal(await readFile(join(directory, 'starts'), 'utf8'), 'worker\nworker\n');
  assert.equal(await readFile(join(directory, 'rests'), 'utf8'), '');
});

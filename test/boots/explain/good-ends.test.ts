/** What is said of machines that are where they are to be, or on their way. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explain, type MachineFacts } from '../../../src/boots/explain/index.ts';
import type { TraceEntry } from '../../../src/boots/trace.ts';
import { discover, facts, given, http, request, script, tftp, traced } from './entries.ts';

const LOADED = [request('ipxe'), script('osie'), http('vmlinuz'), http('initrd.img')];

const told = (entries: TraceEntry[], machine: MachineFacts = {}, later = 1000) => {
  const { state, code, sentence } = explain(entries, facts({ machine }), (entries.at(-1)?.time ?? 0) + later);
  return `${state} ${code}: ${sentence}`;
};

describe('a boot that goes well', () => {
  it('is under way, and what comes next is said', () => {
    assert.equal(
      told(traced(discover('pxe'), request('pxe'), tftp('ipxe.efi'))),
      'under-way under-way: is booting: it has its loader (ipxe.efi) since 1 s; its script is to come',
    );
    assert.match(told(traced(discover('pxe'))), /has been asking for an address since 1 s; an address is to come$/);
  });

  it('runs its workflow', () => {
    const workflow = { id: 'w', name: 'install', action: { name: 'wipe', since: 4000 } };
    assert.equal(
      told(traced(...LOADED, given('worker')), { workflow }),
      'booted working: is running workflow install in the OSIE since 1970-01-01 00:00:05 UTC, now action wipe since 1970-01-01 00:00:04 UTC',
    );
    assert.match(
      told(traced(...LOADED, given('worker'))),
      /^booted idle: is in the OSIE since .* has nothing to do there$/,
    );
  });

  it('restarts when it was told to, and is missed only when it does not come back', () => {
    const restarts = { verb: 'reboot', workflow: 'w' } as const;
    const entries = traced(...LOADED, given('worker'));
    assert.match(told(entries, { restarts }, 300_000), /^under-way not-back/);
    assert.match(told(entries, { restarts }, 3_000_000), /^missing not-back: was told to restart/);
    assert.match(told(entries, { restarts: { verb: 'poweroff', workflow: 'w' } }, 3_000_000), /^declined switched-off/);
  });

  it('ends with the system on its disk', () => {
    const installed = { at: 0, disks: ['/dev/sda'] };
    assert.match(
      told(traced(request('ipxe'), script('local')), { installed }, 1e7),
      /^booted local-boot: was sent to the system on its own disk \(\/dev\/sda\) at /,
    );
    const home = traced(request('ipxe'), script('local'), given('system'));
    assert.equal(
      told(home, { installed: { ...installed, heardAt: 3000 } }, 1e7),
      'booted system-heard: its installed system called home at 1970-01-01 00:00:03 UTC',
    );
    assert.match(
      told(traced(request('ipxe'), script('local')), { installed: { ...installed, heardAt: 1 } }, 1e7),
      /^missing system-silent/,
    );
  });

  it('calls home from what was installed in the same boot, as by kexec', () => {
    const entries = traced(...LOADED, given('worker'), given('system'));
    assert.match(told(entries, {}, 1e7), /^booted system-heard/);
  });

  it('ends with its own script, or with the files of its environment', () => {
    assert.match(told(traced(request('ipxe'), script('script')), {}, 1e7), /^booted own-script/);
    const entries = traced(
      request('ipxe'),
      script('environment'),
      http('bootenvs/d/linux'),
      http('bootenvs/d/initrd.gz'),
    );
    assert.match(
      told(entries, {}, 1e7),
      /^booted environment-loaded: loaded bootenvs\/d\/linux and bootenvs\/d\/initrd\.gz of/,
    );
  });

  it('is at work though nothing was seen of its boot here', () => {
    const up = facts({ machine: { workerAt: 5000, workflow: { id: 'w', name: 'install' } } });
    assert.equal(explain([], up, 6000).code, 'working');
    assert.equal(explain([], up, 1e6).code, 'worker-silent');
  });
});

/** `explain` and `trace` on the command line, against an appliance's own API and servers. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { macOf } from '../machines/examples.ts';
import { appliance as played } from '../scenarios/firmware.ts';
import { tinsmith as run } from './fake-appliance.ts';

async function appliance(t: TestContext, options: Parameters<typeof played>[1] = {}) {
  const all = await played(t, options);
  const tinsmith = (words: string[], more: Parameters<typeof run>[2] = {}) =>
    run({ url: all.url }, words, { ...more, environment: { TINSMITH_TOKEN: all.adminToken } });
  return { ...all, tinsmith };
}

describe('explain', () => {
  it('says one sentence, what to do, the stages and the evidence, and fails where something is missing', async (t) => {
    const { tinsmith, known, machine, pass } = await appliance(t);
    await known(1);
    await machine(1).address();
    const early = await tinsmith(['explain', 'machine-1']);
    assert.equal(early.code, 0);
    assert.match(early.out, /^is booting: it has an address since 0 s; its loader is to come\n\n {2}address {2}proven/);
    await machine(1).load('ipxe.efi');
    pass(61);
    const { code, out } = await tinsmith(['explain', 'machine-1']);
    assert.equal(code, 1);
    assert.match(
      out,
      /^loaded ipxe\.efi and then nothing: [^\n]*\nIf it asked now: workflow \S+ is to be run on machine-1\n/,
    );
    assert.match(
      out,
      /\nStart it again: it is given a signed loader[^\n]*\n\n {2}address {2}proven [^\n]*\n {2}loader {3}proven [^\n]*\n {2}script {3}to-come/,
    );
    assert.match(out, /\| TIME [^\n]*\n\+-[^\n]*\n\|[^\n]*\| tftp \|/);
    const json = JSON.parse((await tinsmith(['explain', macOf(1), '-o', 'json'])).out).data;
    assert.deepEqual([json.code, json.link, json.machine.name], ['secure-boot', 'script', 'machine-1']);
  });

  it('is 0 for a machine at work, 1 for one that is left alone, 66 for none', async (t) => {
    const { tinsmith, known, machine } = await appliance(t);
    await known(1);
    await machine(1).loaded();
    await machine(1).hello();
    assert.equal((await tinsmith(['explain', 'machine-1'])).code, 0);
    await machine(9).dhcp('DISCOVER', 'uefi');
    assert.equal((await tinsmith(['explain', macOf(9)])).code, 1);
    assert.equal((await tinsmith(['explain', 'nobody'])).code, 66);
    assert.equal((await tinsmith(['explain', 'machine-1', '--arch', '7'])).code, 64, 'only with --preview');
  });

  it('follows a boot: its lines as they come, and what has become of it', async (t) => {
    const all = await appliance(t);
    await all.known(1);
    await all.machine(1).address();
    const interruption = new AbortController();
    t.after(() => interruption.abort());
    const watching = Promise.withResolvers<void>();
    const followed = all.tinsmith(['explain', 'machine-1', '--follow'], {
      interrupted: interruption.signal,
      onOutput(text) {
        if (/REQUEST:/.test(text)) watching.resolve();
        if (/=> its script was asked for by somebody else/.test(text)) interruption.abort();
      },
    });
    await watching.promise;
    all.neighbours.set('127.0.0.1', macOf(7));
    await fetch(`${all.url}/boot/${macOf(1)}/auto.ipxe`);
    const { code, out } = await followed;
    assert.equal(code, 130);
    assert.match(
      out,
      /dhcp {3}answered {2}DISCOVER: [^\n]*\n[^\n]*REQUEST: [^\n]*\n(=> [^\n]*\n)*[^\n]*script refused {3}auto\.ipxe: [^\n]*\n=> its/,
    );
  });

  it('follows as lines of JSON', async (t) => {
    const all = await appliance(t);
    await all.known(1);
    await all.machine(1).address();
    all.pass(20);
    const interruption = new AbortController();
    t.after(() => interruption.abort());
    const { out } = await all.tinsmith(['explain', 'machine-1', '-f', '-o', 'json'], {
      interrupted: interruption.signal,
      onOutput: (text) => text.includes('explained') && interruption.abort(),
    });
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ what, explained }) => what ?? explained.code),
      ['DISCOVER', 'REQUEST', 'loader-not-asked'],
    );
  });
});

describe('explain --preview', () => {
  it('says what each firmware would be answered, in words, and the script', async (t) => {
    const { tinsmith, known, trace } = await appliance(t);
    await known(1);
    const { code, out } = await tinsmith(['explain', 'machine-1', '--preview']);
    assert.equal(code, 0);
    assert.match(out, /^workflow \S+ is to be run on machine-1\n\nbios \(architecture 0\): offered 10\.0\.0\.1/);
    assert.match(out, /\n {2}address: 10\.0\.0\.1\n {2}netmask: 255\.0\.0\.0\n/);
    assert.match(out, /\n {2}lease: 86400 s\n/);
    assert.match(out, /boot file[^\n]*: 52:54:00:00:00:01\/undionly\.kpxe\n/);
    assert.match(
      out,
      /uefi-http \(architecture 16\)[^\n]*\n(?: {2}[^\n]*\n)*? {2}boot file[^\n]*: http:\/\/[^\n]*\/ipxe\.efi\n/,
    );
    assert.match(out, /\nIts script:\n {2}#!ipxe\n/);
    assert.ok(!out.includes('tinsmith.token=') || out.includes('tinsmith.token=PREVIEW'));
    assert.deepEqual(trace.newest(), [], 'nothing is noted of it');
    const one = await tinsmith(['explain', macOf(1), '--preview', '--arch', '27', '-o', 'json']);
    const { firmware } = JSON.parse(one.out);
    assert.deepEqual([firmware.length, firmware[0].reason, firmware[0].answered], [1, 'no-loader', false]);
    assert.equal((await tinsmith(['explain', 'machine-1', '--preview', '--arch', 'pdp-11'])).code, 65);
  });

  it('says of one that nobody knows that it is not answered', async (t) => {
    const { tinsmith } = await appliance(t);
    const { out } = await tinsmith(['explain', macOf(9), '--preview', '--arch', 'uefi']);
    assert.match(out, /^no machine has this MAC address\n\nuefi \(architecture 7\): not answered: no machine has/);
  });
});

describe('trace', () => {
  it('lists the boots that are kept, and shows one', async (t) => {
    const { tinsmith, known, machine, pass } = await appliance(t);
    await known(1);
    await machine(1).address();
    await machine(1).load('ipxe.efi');
    pass(60);
    await machine(1).address();
    const { data } = JSON.parse((await tinsmith(['trace', 'machine-1', '--boots', '-o', 'json'])).out);
    assert.deepEqual(
      data.map(({ boot, entries, reached }: Record<string, unknown>) => [boot, entries, reached]),
      [
        [1, 4, 'loader'],
        [2, 2, 'address'],
      ],
    );
    assert.match((await tinsmith(['trace', 'machine-1', '--boots'])).out, /\| BOOT \| MAC ADDRESS/);
    const one = JSON.parse((await tinsmith(['trace', macOf(1), '--boot', '2', '-o', 'json'])).out);
    assert.deepEqual(
      one.data.map(({ what, boot }: Record<string, unknown>) => [what, boot]),
      [
        ['DISCOVER', 2],
        ['REQUEST', 2],
      ],
    );
    for (const words of [['--boots'], ['machine-1', '--boot', '0'], ['machine-1', '--boots', '--follow']])
      assert.equal((await tinsmith(['trace', ...words])).code, 64, String(words));
  });
});

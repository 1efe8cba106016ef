/** What other DHCP servers are told of boot files, by what is set for all machines. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bootFilesFor } from '../../../src/boots/external-dhcp/boot-files.ts';
import { EXTERNAL_SERVERS, settingsFor } from '../../../src/boots/external-dhcp/index.ts';
import type { LoaderChoice } from '../../../src/boots/loaders.ts';

const HTTP = 'http://10.0.0.1:8080';
const APPLIANCE = { address: '10.0.0.1', http: HTTP };
const USUAL = {
  bios: 'undionly.kpxe for 0',
  'efi-x64': 'ipxe.efi for 7,9',
  'efi-arm64': 'shimaa64.efi for 11',
  'http-x64': `${HTTP}/boot/loaders/ipxe.efi for 16`,
};

const filesFor = (choice?: LoaderChoice) =>
  Object.fromEntries(
    bootFilesFor({ ...APPLIANCE, choice }).map(({ tag, file, architectures }) => [tag, `${file} for ${architectures}`]),
  );
const set = (...loaders: [number, string][]): LoaderChoice => ({
  byArchitecture: new Map(loaders),
  hasFile: (name) => name.endsWith('my.efi'),
});

describe('the boot files that other DHCP servers name', () => {
  it('are those of our choice where nothing is set', () => {
    assert.deepEqual(filesFor(), USUAL);
    assert.deepEqual(filesFor({ byArchitecture: new Map(), secureBoot: 'auto' }), USUAL);
  });

  it('are those that are set, each for its own architecture', () => {
    assert.deepEqual(filesFor(set([7, 'my.efi'])), {
      ...USUAL,
      'efi-x64': 'my.efi for 7',
      'efi-x64-9': 'ipxe.efi for 9',
    });
    assert.deepEqual(filesFor(set([7, 'my.efi'], [9, 'my.efi']))['efi-x64'], 'my.efi for 7,9');
    assert.equal(filesFor(set([0, 'ipxe.pxe'])).bios, 'ipxe.pxe for 0');
  });

  it('are URLs for HTTP boot, which lead to the file', () => {
    assert.equal(filesFor(set([16, 'my.efi']))['http-x64'], `${HTTP}/boot/loaders/my.efi for 16`);
    assert.equal(filesFor(set([16, 'own/my.efi']))['http-x64'], `${HTTP}/files/own/my.efi for 16`);
  });

  it('are there for an architecture that only has one because it is set', () => {
    const { 'arch-27': riscv, 'arch-28': overHttp } = filesFor(set([27, 'my.efi'], [28, 'my.efi']));
    assert.deepEqual([riscv, overHttp], ['my.efi for 27', `${HTTP}/boot/loaders/my.efi for 28`]);
  });

  it('are not replaced where the one that is set is not there', () => {
    const { 'efi-x64': x64, ...others } = filesFor(set([7, 'none.efi'], [9, 'none.efi']));
    assert.equal(x64, undefined);
    assert.deepEqual(Object.keys(others), ['bios', 'efi-arm64', 'http-x64']);
  });

  it('that are set and not there are named in the settings', () => {
    const choice = set([7, 'none.efi']);
    for (const server of EXTERNAL_SERVERS)
      assert.match(
        settingsFor(server, { ...APPLIANCE, choice }).text,
        /^# architecture 7 is given nothing: the settings name the loader none\.efi for [^\n]*, which is not here\n/,
      );
    assert.doesNotMatch(settingsFor('kea', { ...APPLIANCE, choice: set([7, 'my.efi']) }).text, /given nothing/);
  });

  it('are signed where Secure Boot is on', () => {
    const { 'http-x64': _, ...named } = USUAL;
    assert.deepEqual(filesFor({ secureBoot: 'on' }), { ...named, 'efi-x64': 'shimx64.efi for 7,9' });
  });

  it('are in the settings of every server', () => {
    for (const server of EXTERNAL_SERVERS)
      assert.match(settingsFor(server, { ...APPLIANCE, choice: set([7, 'my.efi']) }).text, /my\.efi/, server);
  });
});

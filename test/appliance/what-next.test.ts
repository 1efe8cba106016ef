/** What `tinsmith up` says to do next. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { readSettings } from '../../src/appliance/settings.ts';
import { whatNext } from '../../src/appliance/up.ts';
import { temporaryDirectory } from '../store/opened.ts';

it('the settings for another DHCP server name the loaders that are set', (t) => {
  const files = temporaryDirectory(t);
  const next = (flags: Record<string, unknown>): string => {
    const settings = readSettings({ flags: { files, ...flags }, environment: {}, readFile: () => '' });
    return whatNext(settings, 'http://10.0.0.1:8080');
  };
  const loader = ['x64-uefi=my.efi'];
  assert.match(next({ dhcp: 'proxy', loader }), /^Add a machine/);
  assert.match(next({ dhcp: 'off' }), /dhcp-boot=tag:!ipxe,tag:efi-x64,ipxe\.efi,/);
  const missing = next({ dhcp: 'off', loader });
  assert.match(missing, /^# architecture 7 is given nothing: .* my\.efi .*, which is not here$/m);
  assert.doesNotMatch(missing, /^[^#\n].*my\.efi/m);
  writeFileSync(join(files, 'my.efi'), '');
  assert.match(next({ dhcp: 'off', loader }), /dhcp-boot=tag:!ipxe,tag:efi-x64,my\.efi,/);
  assert.match(next({ dhcp: 'off', 'secure-boot': 'on' }), /dhcp-boot=tag:!ipxe,tag:efi-x64,shimx64\.efi,/);
});

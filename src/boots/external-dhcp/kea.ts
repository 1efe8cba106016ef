import { type Appliance, bootFilesFor, scriptUrl } from './boot-files.ts';

/** The member `client-classes` for `Dhcp4` of Kea's configuration. */
export function keaSettings(appliance: Appliance): string {
  const ipxe = {
    name: 'tinsmith-ipxe',
    // With the length that RFC 3004 wants, or bare, as iPXE sends it.
    test: "substring(option[77].hex,0,4) == 'iPXE' or substring(option[77].hex,1,4) == 'iPXE'",
    'boot-file-name': scriptUrl(appliance),
  };
  const classes = bootFilesFor(appliance).map(({ tag, kind, architectures, file }) => ({
    name: `tinsmith-${tag}`,
    test: `not member('tinsmith-ipxe') and (${architectures.map((code) => `substring(option[93].hex,0,2) == 0x${code.toString(16).padStart(4, '0')}`).join(' or ')})`,
    ...(kind === 'pxe'
      ? { 'next-server': appliance.address }
      : // UEFI takes no offer without it.
        { 'option-data': [{ name: 'vendor-class-identifier', data: 'HTTPClient', 'always-send': true }] }),
    'boot-file-name': file,
  }));
  return `"client-classes": ${JSON.stringify([ipxe, ...classes], null, 2)}\n`;
}

import { type Appliance, bootFilesFor, scriptUrl } from './boot-files.ts';

/** Statements for ISC's dhcpd, at the top level of dhcpd.conf: what defines an option may stand nowhere else. */
export function iscSettings(appliance: Appliance): string {
  const branches = bootFilesFor(appliance).map(({ title, kind, architectures, file }) => {
    const tests = architectures.map((code) => `substring(option pxe-architecture, 0, 2) = ${hex(code)}`);
    const server =
      kind === 'pxe'
        ? `  next-server ${appliance.address};`
        : // UEFI takes no offer without it.
          '  option vendor-class-identifier "HTTPClient";';
    return `} elsif ${tests.join(' or ')} {\n  # ${title}\n${server}\n  filename "${file}";`;
  });
  return `option pxe-architecture code 93 = string;

if exists user-class and option user-class = "iPXE" {
  # iPXE has been loaded: its script.
  filename "${scriptUrl(appliance)}";
${branches.join('\n')}
}
`;
}

/** `00:07` */
function hex(code: number): string {
  return code.toString(16).padStart(4, '0').replace(/^../, '$&:');
}

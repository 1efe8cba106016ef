/** Settings for servers that cannot be tried here: they follow their makers' documents. */
import { type Appliance, bootFilesFor, scriptUrl } from './boot-files.ts';
import { dnsmasqSettings } from './dnsmasq.ts';

/** OPNsense: the fields of its ISC server, and a file for its dnsmasq. */
export function opnsenseSettings(appliance: Appliance): string {
  const fileOf = (tag: string): string => bootFilesFor(appliance).find((each) => each.tag === tag)?.file ?? '(none)';
  return `# Where Dnsmasq gives the addresses: the file /usr/local/etc/dnsmasq.conf.d/tinsmith.conf, then restart Dnsmasq.

${dnsmasqSettings(appliance)}
# Where ISC DHCPv4 does: Services > ISC DHCPv4 > (interface) > Network booting.
#   Enable network booting   on
#   Set next-server IP       ${appliance.address}
#   Set default bios filename  ${fileOf('bios')}
#   Set UEFI 64bit file name   ${fileOf('efi-x64')}
#   Set iPXE boot filename     ${scriptUrl(appliance)}
# It has no fields for UEFI HTTP boot; those machines are to boot by PXE.
`;
}

/** MikroTik RouterOS 7: commands; SERVER and POOL are the names of the DHCP server and address pool that there are. */
export function mikrotikSettings(appliance: Appliance): string {
  const files = bootFilesFor(appliance);
  const options = files.flatMap(({ tag, kind, file }) => [
    `/ip/dhcp-server/option/add name=tinsmith-${tag} code=67 value="s'${file}'"`,
    ...(kind === 'http' ? [`/ip/dhcp-server/option/add name=tinsmith-${tag}-60 code=60 value="s'HTTPClient'"`] : []),
    `/ip/dhcp-server/option/sets/add name=tinsmith-${tag} options=${kind === 'http' ? `tinsmith-${tag},tinsmith-${tag}-60` : `tinsmith-server,tinsmith-${tag}`}`,
  ]);
  const matchers = files.flatMap(({ tag, kind, architectures }) =>
    architectures.map(
      (code) =>
        `/ip/dhcp-server/matcher/add name=tinsmith-${tag}-${code} server=SERVER address-pool=POOL code=60 matching-type=substring value="${vendorClass(kind, code)}" option-set=tinsmith-${tag}`,
    ),
  );
  return `# SERVER and POOL: the names in /ip/dhcp-server/print. NETWORK: the one in /ip/dhcp-server/network/print.
/ip/dhcp-server/network/set [find where address="NETWORK"] next-server=${appliance.address}
/ip/dhcp-server/option/add name=tinsmith-server code=66 value="s'${appliance.address}'"
# The script of iPXE. A terminal would take \\$ for a variable, hence the backslash.
/ip/dhcp-server/option/add name=tinsmith-ipxe code=67 value="s'${scriptUrl(appliance).replace('$', '\\$')}'"
/ip/dhcp-server/option/sets/add name=tinsmith-ipxe options=tinsmith-ipxe
${options.join('\n')}
# The first that fits counts: iPXE before the firmware that it runs on.
/ip/dhcp-server/matcher/add name=tinsmith-ipxe server=SERVER address-pool=POOL code=77 matching-type=substring value="iPXE" option-set=tinsmith-ipxe
${matchers.join('\n')}
`;
}

/** Windows Server: PowerShell, for all scopes of the server. */
export function windowsSettings(appliance: Appliance): string {
  const files = bootFilesFor(appliance);
  const classes = files.flatMap(({ kind, architectures }) =>
    architectures.map((code) => {
      const data = vendorClass(kind, code);
      return `Add-DhcpServerv4Class -Type Vendor -Name "${data}" -Data "${data}"`;
    }),
  );
  const policies = files.flatMap(({ tag, kind, architectures, file }, index) => {
    const names = architectures.map((code) => `"${vendorClass(kind, code)}*"`).join(',');
    const name = `Tinsmith ${tag}`;
    return [
      `Add-DhcpServerv4Policy -Name "${name}" -Condition OR -ProcessingOrder ${index + 2} -VendorClass EQ,${names}`,
      kind === 'pxe'
        ? `Set-DhcpServerv4OptionValue -PolicyName "${name}" -OptionId 66 -Value "${appliance.address}"`
        : `Set-DhcpServerv4OptionValue -PolicyName "${name}" -OptionId 60 -Value "HTTPClient"`,
      `Set-DhcpServerv4OptionValue -PolicyName "${name}" -OptionId 67 -Value "${file}"`,
    ];
  });
  return `# Option 60 is not defined from the start.
Add-DhcpServerv4OptionDefinition -OptionId 60 -Name "Vendor class" -Type String -ErrorAction SilentlyContinue
Add-DhcpServerv4Class -Type User -Name "iPXE" -Data "iPXE"
${classes.join('\n')}
# The first policy that fits decides: iPXE before the firmware that it runs on. Single quotes keep PowerShell from \${…}.
Add-DhcpServerv4Policy -Name "Tinsmith ipxe" -Condition OR -ProcessingOrder 1 -UserClass EQ,"iPXE"
Set-DhcpServerv4OptionValue -PolicyName "Tinsmith ipxe" -OptionId 67 -Value '${scriptUrl(appliance)}'
${policies.join('\n')}
`;
}

/** What firmware begins option 60 with. */
function vendorClass(kind: 'pxe' | 'http', code: number): string {
  return `${kind === 'pxe' ? 'PXE' : 'HTTP'}Client:Arch:${String(code).padStart(5, '0')}`;
}

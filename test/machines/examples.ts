/** Hardware data as the documents of the Tinkerbell CLI era show it, every field set. */
export const FULL = {
  id: '0EBA0BF8-3772-4B4A-AB9F-6EBE93B90A94',
  version: 3,
  metadata: {
    state: 'provisioning',
    bonding_mode: 5,
    manufacturer: { id: '7b2a0b8e', slug: 'supermicro' },
    facility: { facility_code: 'onprem', plan_slug: 'c2.medium.x86', plan_version_slug: 'c2.medium.x86.01' },
    custom: { preinstalled_operating_system_version: {}, private_subnets: ['10.0.0.0/8'] },
    instance: {
      id: '4b0a',
      state: 'active',
      hostname: 'server001',
      allow_pxe: true,
      rescue: false,
      operating_system_version: { distro: 'ubuntu', os_slug: 'ubuntu_20_04', version: '20.04' },
      always_pxe: false,
      ipxe_script_url: '',
      ips: [{ address: '192.168.1.5', netmask: '255.255.255.248', gateway: '192.168.1.1', family: 4, public: false }],
      userdata: '#cloud-config\nhostname: server001\n',
      crypted_root_password: 'redacted/',
      tags: ['rack-1', ''],
      storage: {
        disks: [
          {
            device: '/dev/sda',
            wipe_table: true,
            partitions: [{ size: 4096, label: 'BIOS', number: 1, start: 0, type_guid: '' }],
          },
        ],
        raid: [{ devices: ['/dev/sda1'], level: '1', name: '/dev/md0', spare: [] }],
        filesystems: [
          {
            mount: {
              point: '/',
              device: '/dev/sda3',
              format: 'ext4',
              create: { options: ['-L', 'ROOT'] },
              files: null,
            },
          },
        ],
      },
      ssh_keys: ['ssh-ed25519 AAAA'],
      network_ready: true,
    },
  },
  network: {
    interfaces: [
      {
        dhcp: {
          mac: '08:00:27:AA:bb:01',
          hostname: 'server001',
          lease_time: 86400,
          name_servers: ['192.168.1.1', '8.8.8.8'],
          time_servers: [],
          arch: 'x86_64',
          uefi: false,
          iface_name: 'eth0',
          domain_name: 'example.org',
          ip: { address: '192.168.1.5', netmask: '255.255.255.248', gateway: '192.168.1.1', family: 4 },
        },
        netboot: {
          allow_pxe: true,
          allow_workflow: true,
          ipxe: { url: 'http://url/menu.ipxe', contents: '#!ipxe' },
          osie: { base_url: 'http://url/osie', kernel: 'vmlinuz-x86_64', initrd: '' },
        },
      },
      { dhcp: { mac: '08-00-27-aa-bb-02', hostname: '', ip: { address: '10.1.1.2', gateway: '' } } },
    ],
  },
};

/** The least that a machine needs. */
export function hardware(n: number, more: { mac?: string; ip?: string; hostname?: string; netboot?: object } = {}) {
  const { mac = macOf(n), ip, hostname, netboot } = more;
  return {
    id: idOf(n),
    network: {
      interfaces: [
        {
          dhcp: {
            mac,
            ...(hostname === undefined ? {} : { hostname }),
            ...(ip === undefined ? {} : { ip: { address: ip } }),
          },
          ...(netboot === undefined ? {} : { netboot }),
        },
      ],
    },
  };
}

export const macOf = (n: number): string =>
  `52:54:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 0xff).toString(16).padStart(2, '0')}`;
export const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
